"""The messages of WS-Discovery: the probe for printers, and what answers it (SOAP 1.2 over UDP).

The XML of an answer is hostile: a document type or an entity ends it, its depth and its texts are bounded,
and nothing in it is loaded.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
PRINTING = "http://schemas.microsoft.com/windows/2006/08/wdp/print"
PRINTER_TYPE = f"{PRINTING} PrintDeviceType"
MAX_DEPTH = 32
MAX_TEXT = 4096  # characters of one element
_UUID = re.compile(r"urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


@dataclass(slots=True)
class ProbeAnswer:
    """What an answer says: which probe it answers, whether a printer does, and its UUID."""

    relates_to: str = ""
    is_printer: bool = False
    uuid: str | None = None


def build_probe(message_id: str) -> bytes:
    """Build a Probe for printers (WS-Discovery 2005/04, 5.2)."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:d="{DISCOVERY}" xmlns:p="{PRINTING}">'
        "<s:Header><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        f"<a:Action>{DISCOVERY}/Probe</a:Action><a:MessageID>{message_id}</a:MessageID></s:Header>"
        "<s:Body><d:Probe><d:Types>p:PrintDeviceType</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


def parse_answer(data: bytes) -> ProbeAnswer | None:
    """Parse a ProbeMatches message; None for anything else."""
    reader = _AnswerReader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        return None
    return reader.answer if reader.matches else None


@dataclass(slots=True)
class _AnswerReader:
    """Reads one message; raises ValueError for XML that an answer never holds."""

    answer: ProbeAnswer = field(default_factory=ProbeAnswer)
    matches: int = 0
    parser: expat.XMLParserType = field(init=False)
    _path: list[str] = field(default_factory=list)
    _text: str = ""
    _prefixes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.parser.StartNamespaceDeclHandler = self._keep_prefix
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._keep_text
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_: object) -> int:
        raise ValueError("a document type")

    def _keep_prefix(self, prefix: str | None, uri: str) -> None:
        self._prefixes[prefix or ""] = uri

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise ValueError("too deep")
        self._path.append(name)
        self._text = ""

    def _keep_text(self, data: str) -> None:
        if len(self._text) + len(data) > MAX_TEXT:
            raise ValueError("too long")
        self._text += data

    def _end(self, name: str) -> None:
        text, self._text = self._text.strip(), ""
        parent = self._path[-2] if len(self._path) > 1 else ""
        self._path.pop()
        if name == f"{ADDRESSING} RelatesTo" and parent == f"{SOAP} Header":
            self.answer.relates_to = text
        elif name == f"{DISCOVERY} ProbeMatch":
            self.matches += 1
        elif name == f"{DISCOVERY} Types" and parent == f"{DISCOVERY} ProbeMatch":
            self.answer.is_printer |= PRINTER_TYPE in map(self._resolve_name, text.split())
        elif name == f"{ADDRESSING} Address" and f"{DISCOVERY} ProbeMatch" in self._path:
            found = _UUID.fullmatch(text)
            self.answer.uuid = found[1].lower() if found else self.answer.uuid

    def _resolve_name(self, written: str) -> str:
        prefix, _, local = written.rpartition(":")
        return f"{self._prefixes.get(prefix, '')} {local}"
