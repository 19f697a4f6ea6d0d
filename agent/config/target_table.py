"""`[target] NAME = {…}`: a destination of events other than a url. NAME is a file of `uplink/targets`.

That file's own `Settings` checks the table: a new target needs no edit here. The package of the targets is an
argument, because the configuration does not know the uplink.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from agent.config.secrets import resolve_file
from agent.core import plugins, toml
from agent.core.errors import Complaint, ConfigError

Tables = dict[str, dict[str, Any]]


def read_target(document: toml.Document, package: ModuleType) -> tuple[str, BaseModel] | None:
    """Return the name and the settings of the one target in `document`, or None without one.

    `package` holds the targets. Files are located beside the document. Raises ConfigError with every
    complaint.
    """
    tables: Tables = document.data.get("target", {})
    if not tables:
        return None
    only = toml.Document(document.path, document.text, {"target": tables})
    checked = getattr(toml.validate_document(only, _model(package, set(tables))), "target")  # noqa: B009 - made just now
    if len(tables) > 1 or document.data.get("provider", {}).get("url"):
        reason = "there is one provider: keep its url, or one [target]"
        raise ConfigError([document.build_complaint(("target",), reason)])
    (name,) = tables
    return name, _beside(document, getattr(checked, name))


def find_mistakes(document: toml.Document, package: ModuleType) -> list[Complaint]:
    """List every complaint about the target in `document`."""
    try:
        read_target(document, package)
    except ConfigError as why:
        return why.complaints
    return []


def _model(package: ModuleType, named: set[str]) -> type[BaseModel]:
    """Build the model of `[target]`: a field for each file of `package`; those in `named` are imported."""
    fields: dict[str, Any] = {
        name: (plugins.load_plugin(package, name).Settings if name in named else Any, None)
        for name in plugins.list_plugins(package)
    }
    table = create_model("Target", __config__=ConfigDict(extra="forbid"), **fields)
    return create_model("Document", target=(table, ...))


def _beside(document: toml.Document, settings: BaseModel) -> BaseModel:
    """Resolve the files in `settings` relative to the configuration, also "secret:NAME"."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    files = {name: file for name, file in given.items() if isinstance(file, Path)}
    moved = {name: resolve_file(document.path.parent, str(file)) for name, file in files.items()}
    return settings.model_copy(update=moved)
