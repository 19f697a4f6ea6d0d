"""`config.toml`, the file that customer IT owns: whom to contact, how often, where events go.

Every key is explained where it is declared, in `sections`; `config.example.toml` shows them all. A mistake
stops the start with file, line, key, reason and a suggestion.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import BaseModel, Field

from agent.config import file_permissions, target_table
from agent.config.discovery_sections import DnsSdConfig, WsDiscoveryConfig
from agent.config.secrets import (
    Unseal,
    find_readable_secrets,
    read_plain,
    resolve_file,
    resolve_secrets,
)
from agent.config.sections import (
    CollectorsConfig,
    ConfigSection,
    ContractsConfig,
    CredentialConfig,
    CupsConfig,
    EgressConfig,
    ExcludeConfig,
    IppConfig,
    LogConfig,
    MdnsConfig,
    NetworkConfig,
    PrinterConfig,
    ProviderConfig,
    RulesConfig,
    ScheduleConfig,
    Share,
    SiteConfig,
    SnmpConfig,
    StorageConfig,
    TrapsConfig,
)
from agent.config.values import IpNetwork
from agent.core import toml
from agent.core.errors import Complaint, ConfigError
from agent.core.paths import default_paths

__all__ = [
    "CollectorsConfig",
    "Config",
    "ConfigSection",
    "ContractsConfig",
    "CredentialConfig",
    "CupsConfig",
    "DnsSdConfig",
    "EgressConfig",
    "ExcludeConfig",
    "IpNetwork",
    "IppConfig",
    "LogConfig",
    "MdnsConfig",
    "NetworkConfig",
    "PrinterConfig",
    "ProviderConfig",
    "RulesConfig",
    "ScheduleConfig",
    "Share",
    "SiteConfig",
    "SnmpConfig",
    "StorageConfig",
    "TrapsConfig",
    "WsDiscoveryConfig",
    "build_config",
    "load_config",
    "resolve_file",
]


class Config(ConfigSection):
    """The configuration file as a whole."""

    config_version: Literal[1] = 1
    site: SiteConfig = SiteConfig()
    provider: ProviderConfig = ProviderConfig()
    network: tuple[NetworkConfig, ...] = Field((), strict=False)
    printer: tuple[PrinterConfig, ...] = Field((), strict=False)
    credential: tuple[CredentialConfig, ...] = Field((), strict=False)
    exclude: ExcludeConfig = ExcludeConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    snmp: SnmpConfig = SnmpConfig()
    ipp: IppConfig = IppConfig()
    cups: CupsConfig = CupsConfig()
    collectors: CollectorsConfig = CollectorsConfig()
    mdns: MdnsConfig = MdnsConfig()
    dns_sd: DnsSdConfig = DnsSdConfig()
    ws_discovery: WsDiscoveryConfig = WsDiscoveryConfig()
    traps: TrapsConfig = TrapsConfig()
    rules: RulesConfig = RulesConfig()
    contracts: ContractsConfig = ContractsConfig()
    target: dict[str, dict[str, Any]] = Field(
        {},
        description="Another way to the provider than a url: at most one file of `uplink/targets`.",
    )
    egress: EgressConfig = EgressConfig()
    storage: StorageConfig = StorageConfig()
    log: LogConfig = LogConfig()
    folder: Path = Field(Path(), exclude=True, description="Where the file lies. Set by `load`.")

    def resolve_path(self, name: str) -> Path:
        """Resolve a path of the configuration: absolute, relative to the file's folder, or "secret:NAME"."""
        return resolve_file(self.folder, name)

    def read_target(self, targets: ModuleType) -> tuple[str, BaseModel] | None:
        """Return the name and the settings of `[target]`, or None without one. Raises ConfigError."""
        data = {"target": self.target, "provider": {"url": self.provider.url}}
        return target_table.read_target(toml.Document(self.folder / "config.toml", "", data), targets)

    @property
    def state_folder(self) -> Path:
        """The folder with the state file, the identity and the audit log."""
        return self.resolve_path(self.storage.folder) if self.storage.folder else default_paths().state

    @property
    def database_path(self) -> Path:
        return self.state_folder / "printwarden.db"

    @property
    def identity_folder(self) -> Path:
        """The folder of the key and the credential."""
        return self.state_folder / "identity"

    @property
    def token_path(self) -> Path:
        """The file with a one-time token for the service to enrol with; the service removes it."""
        return self.state_folder / "enrolment.token"


def load_config(path: Path, targets: ModuleType | None = None, unseal: Unseal = read_plain) -> Config:
    """Load the configuration in `path`. Raises ConfigError with every complaint.

    `targets`: the package of the delivery targets, which check `[target]`; left out, it is not checked here.
    `unseal`: opens the files that "file:" and "secret:" point to.
    """
    if found := file_permissions.check_permissions(path):
        raise ConfigError.for_file(path, found[0], suggestion=found[1])
    document = toml.load_document(path, missing="`printwarden init` makes one; --config names another")
    return _validate_document(document, targets, unseal, find_readable_secrets(document))


def build_config(data: dict[str, Any], folder: Path) -> Config:
    """Build a configuration from `data`, for example from a command line; state goes to `folder`."""
    document = toml.Document(folder / "command line", "", data | {"storage": {"folder": str(folder)}})
    return _validate_document(document)


def _validate_document(
    document: toml.Document,
    targets: ModuleType | None = None,
    unseal: Unseal = read_plain,
    found: Sequence[Complaint] = (),
) -> Config:
    """Build the configuration. Raises ConfigError with every complaint, those `found` before among them."""
    if "folder" in document.data:
        raise ConfigError(
            [document.build_complaint(("folder",), "unknown key", "state goes to [storage] folder")]
        )
    resolved, complaints = resolve_secrets(document, unseal)
    complaints += found
    try:
        config = toml.validate_document(resolved, Config)
        complaints += _check_references(document, config)
        complaints += target_table.find_mistakes(resolved, targets) if targets else []
    except ConfigError as why:
        complaints += map(_explain_prices, why.complaints)
    if complaints:
        raise ConfigError(sorted(complaints, key=lambda complaint: complaint.line or 0))
    return config.model_copy(update={"folder": document.path.parent.absolute()})


PRICE_WORDS = frozenset(
    {"cartridge", "cartridges", "cost", "costs", "currency", "hour", "price", "prices", "visit"}
)


def _explain_prices(complaint: Complaint) -> Complaint:
    """Say of prices that they do not belong here: a dealer's prices do not lie at the customer's."""
    if complaint.reason != "unknown key" or complaint.key.rpartition(".")[2] not in PRICE_WORDS:
        return complaint
    hint = "keep prices on your own machine, and name their file: printwarden rules diff --costs FILE"
    return replace(complaint, reason="prices do not belong to config.toml", suggestion=hint)


def _check_references(document: toml.Document, config: Config) -> list[Complaint]:
    """List credentials that are used but not declared or declared twice, and files that are missing."""
    names = [credential.name for credential in config.credential]
    declared = {*names, "public"}
    complaints = [
        document.build_complaint(
            ("credential", n, "name"), f'"{name}" is declared twice', "rename one of them"
        )
        for n, name in enumerate(names)
        if name in names[:n]
    ]
    for kind in ("network", "printer"):
        for n, place in enumerate(getattr(config, kind)):
            complaints += [
                document.build_complaint(
                    (kind, n, "credentials"),
                    f'no [[credential]] is named "{name}"',
                    toml.suggest_word(name, sorted(declared)),
                )
                for name in place.credentials
                if name not in declared
            ]
    for key in ("ca_file", "token_file"):
        name = getattr(config.provider, key)
        if not name:
            continue
        file = resolve_file(document.path.parent, name)
        if not file.is_file():
            complaints.append(document.build_complaint(("provider", key), f'there is no file "{name}"'))
        elif found := file_permissions.check_permissions(file, secret=key == "token_file"):
            complaints.append(document.build_complaint(("provider", key), f"{name}: {found[0]}", found[1]))
    return complaints
