"""Plug-ins are files: the file's name is the plug-in's name, and the name of its table in TOML."""

import importlib
import pkgutil
from types import ModuleType


def list_plugins(package: ModuleType) -> list[str]:
    """Every plug-in in `package`, sorted; files whose name starts with an underscore are its helpers."""
    found = pkgutil.iter_modules(package.__path__)
    return sorted(m.name for m in found if not m.ispkg and not m.name.startswith("_"))


def load_plugin(package: ModuleType, name: str) -> ModuleType:
    """The plug-in `name` of `package`. Raises KeyError, with the names there are, if it is missing."""
    known = list_plugins(package)
    if name not in known:
        raise KeyError(f"no {name!r} in {package.__name__}; there are: {', '.join(known)}")
    return importlib.import_module(f"{package.__name__}.{name}")
