"""Where a printer is asked over IPP: the places that it announced, then the usual port and paths."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from agent.collectors._visit import Visit
from agent.core.model import Address, IppPlace

PORT = 631
PATHS = ("/ipp/print", "/ipp", "/", "/ipp/printer")


@dataclass(frozen=True, slots=True, kw_only=True)
class IppTarget:
    """The host, port and paths to send requests to. A path from a URL is the only one tried."""

    host: str
    port: int = PORT
    tls: bool = False
    paths: tuple[str, ...] = PATHS
    socket: str = ""  # of a spooler on this machine, in place of host and port

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse "ipp://host:631/ipp/print" or "ipps://[::1]". Raises ValueError with a suggestion."""
        parts = urlsplit(url)
        if parts.scheme not in {"ipp", "ipps"} or not parts.hostname:
            raise ValueError(f'"{url}" is no IPP address | write one like "ipp://192.168.10.31/ipp/print"')
        paths = (parts.path,) if parts.path not in {"", "/"} else PATHS
        return cls(host=parts.hostname, port=parts.port or PORT, tls=parts.scheme == "ipps", paths=paths)

    @classmethod
    def from_place(cls, host: str, place: IppPlace) -> Self:
        """Build the target of an announced place; where no path was announced, the usual ones are tried."""
        return cls(host=host, port=place.port, tls=place.tls, paths=(place.path,) if place.path else PATHS)

    @property
    def address(self) -> Address:
        return Address(self.host, self.port)

    def build_uri(self, path: str, *, http: bool = False) -> str:
        """Build the printer-uri; with `http`, the URL that the request is posted to (RFC 8010, 4)."""
        scheme = ("http" if http else "ipp") + ("s" if self.tls else "")
        return f"{scheme}://{self.address}{path}"

    @property
    def label(self) -> str:
        """The target as text, to be recognised again."""
        return f"{self.build_uri(self.paths[0])}{'' if len(self.paths) == 1 else ' …'}"


def list_targets(visit: Visit) -> list[IppTarget]:
    """List the targets to be tried at the visited printer, in order: only the one that answered last time,
    if it is still among them."""
    host, port = visit.address.host, visit.config.ipp.port
    targets = [IppTarget.from_place(host, place) for place in visit.announced]
    targets += [IppTarget(host=host, port=port, tls=tls) for tls in (True, False)]
    return [target for target in targets if target.label == visit.learned] or targets
