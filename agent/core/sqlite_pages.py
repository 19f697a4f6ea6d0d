"""Pages of a damaged SQLite file, read without SQLite (sqlite.org/fileformat2.html, sections 1.3 to 1.8).

    page 1                 header of 100 bytes, then the root of the tree of sqlite_schema
    page 2, 822, 1642 …    pointer map: for each of the 819 pages that follow, what it is and its parent
    the others             b-tree pages, overflow pages, free pages

The state files have pages of 4096 bytes, text in UTF-8, a pointer map (`auto_vacuum`) and no reserved bytes.
What the header says of this is not believed. Each cell is read for itself: a damaged one costs itself only.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PAGE_SIZE = 4096  # bytes
HEADER_SIZE = 100  # bytes of page 1 before its b-tree page
MAP_STEP = PAGE_SIZE // 5 + 1  # pages from one page of the pointer map to the next
INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF = 0x02, 0x05, 0x0A, 0x0D  # kinds of b-tree pages (1.6)
MAP_ROOT, MAP_FREE, MAP_TREE = 1, 2, 5  # entries of the pointer map (1.8); 3 and 4 are overflow pages
MAX_RECORD = 1 << 26  # bytes; more is damage
MAX_DEPTH = 20  # levels of a tree, which has far fewer
FIXED_HEADER = {  # offset: bytes of the header that are the same in every state file
    0: (b"SQLite format 3\0",),
    16: (PAGE_SIZE.to_bytes(2, "big"),),
    18: (b"\1\1", b"\2\2"),  # rollback journal, or write-ahead log
    20: (b"\0\x40\x20\x20",),  # no reserved bytes; fractions of the payload
    44: (bytes(4), b"\0\0\0\4"),  # schema format; 0 before the first table
    56: (bytes(4), b"\0\0\0\1"),  # UTF-8; 0 before the first table
    72: (bytes(20),),  # reserved for expansion
}

Value = None | int | float | str | bytes


class DamagedPage(Exception):
    """A page or a cell that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: of a table, with its row number, or of an index or a table without row numbers."""

    rowid: int | None
    values: tuple[Value, ...]


def find_header_damage(path: Path) -> str | None:
    """Say which of the bytes that never change are wrong in the header of a file; None if all are right."""
    with path.open("rb") as file:
        head = file.read(HEADER_SIZE)
    if not head:
        return None
    for offset, right in FIXED_HEADER.items():
        if head[offset : offset + len(right[0])] not in right:
            return f"byte {offset} or one of the next ones in its header is wrong"
    return None


def mend_header(image: bytearray, size: int) -> None:
    """Write the fixed bytes of the header, and `size` in pages, to the begin of a file."""
    for offset, right in FIXED_HEADER.items():
        image[offset : offset + len(right[-1])] = right[-1]
    image[28:32] = size.to_bytes(4, "big")
    image[92:96] = image[24:28]  # the size holds for this change


class PageFile:
    """The pages of a file, numbered from 1; a last page that was cut is filled up with zeros."""

    def __init__(self, content: "mmap.mmap | bytes") -> None:
        self._content = content
        self.size = -(-len(content) // PAGE_SIZE)  # in pages

    def read_page(self, number: int) -> bytes:
        if not 1 <= number <= self.size:
            raise DamagedPage(f"no page {number}")
        page = self._content[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return page.ljust(PAGE_SIZE, b"\0")

    def page_kind(self, number: int) -> int:
        """Return the first byte of a b-tree page."""
        at = (number - 1) * PAGE_SIZE + _header_start(number)
        return self._content[at] if at < len(self._content) else 0

    def map_entry(self, number: int) -> tuple[int, int]:
        """Return (kind, parent) of a page by the pointer map; (0, 0) where it has nothing sensible."""
        return self._read_entry(number) if self.has_map else (0, 0)

    @cached_property
    def has_map(self) -> bool:
        """True if the first page of the pointer map is one, mostly; a file without a map has a tree there."""
        pages = range(3, min(self.size, MAP_STEP + 1) + 1)
        return sum(self._read_entry(page)[0] > 0 for page in pages) * 2 > len(pages)

    def _read_entry(self, number: int) -> tuple[int, int]:
        place = (number - 2) // MAP_STEP * MAP_STEP + 2
        at = (place - 1) * PAGE_SIZE + 5 * (number - place - 1)
        if number < 3 or number <= place or at + 5 > len(self._content):
            return (0, 0)
        kind, parent = struct.unpack_from(">BI", self._content, at)
        is_sound = (
            MAP_ROOT <= kind <= MAP_TREE and parent <= self.size and (parent == 0) == (kind <= MAP_FREE)
        )
        return (kind, parent) if is_sound else (0, 0)

    def free_pages(self) -> set[int]:
        """Return the pages of the free list (1.5) that begins in the header, as far as it can be read."""
        found: set[int] = set()
        trunk = int.from_bytes(self.read_page(1)[32:36], "big") if self.size else 0
        while 1 < trunk <= self.size and trunk not in found:
            page = self.read_page(trunk)
            found.add(trunk)
            trunk, count = struct.unpack_from(">II", page)
            if count <= PAGE_SIZE // 4 - 2:
                found.update(struct.unpack_from(f">{count}I", page, 8))
        return found

    def list_children(self, number: int) -> list[int]:
        """Return the pages below an interior page, as far as they exist."""
        page, start = self.read_page(number), _header_start(number)
        if page[start] not in {INDEX_INTERIOR, TABLE_INTERIOR}:
            return []
        children = [
            int.from_bytes(page[cell : cell + 4], "big") for cell in _cell_places(page, start, first=12)
        ]
        children.append(int.from_bytes(page[start + 8 : start + 12], "big"))
        return [child for child in children if 1 < child <= self.size]

    def read_rows(self, number: int) -> Iterator[Row | DamagedPage]:
        """Give the rows of a page, and a DamagedPage for each that cannot be read."""
        page, start = self.read_page(number), _header_start(number)
        kind = page[start]
        if kind not in {INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF}:
            return
        for cell in _cell_places(page, start, first=12 if kind == INDEX_INTERIOR else 8):
            try:
                yield self._read_cell(page, cell, kind)
            except (DamagedPage, IndexError, struct.error, UnicodeDecodeError) as why:
                yield DamagedPage(str(why))

    def _read_cell(self, page: bytes, cell: int, kind: int) -> Row:
        at = cell + 4 if kind == INDEX_INTERIOR else cell
        length, at = read_varint(page, at)
        rowid = None
        if kind == TABLE_LEAF:
            rowid, at = read_varint(page, at)
        return Row(
            rowid=rowid, values=decode_record(self._read_payload(page, at, length, kind == TABLE_LEAF))
        )

    def _read_payload(self, page: bytes, at: int, length: int, is_table: bool) -> bytes:
        """Return the payload of a cell with its overflow pages (1.6)."""
        if not 0 < length <= MAX_RECORD:
            raise DamagedPage("a length beyond measure")
        least = (PAGE_SIZE - 12) * 32 // 255 - 23
        most = PAGE_SIZE - 35 if is_table else (PAGE_SIZE - 12) * 64 // 255 - 23
        if length <= most:
            here = length
        else:
            surplus = least + (length - least) % (PAGE_SIZE - 4)
            here = surplus if surplus <= most else least
        payload = bytearray(page[at : at + here])
        following = int.from_bytes(page[at + here : at + here + 4], "big") if here < length else 0
        while len(payload) < length and following:
            more = self.read_page(following)
            following = int.from_bytes(more[:4], "big")
            payload += more[4 : 4 + length - len(payload)]
        if len(payload) < length:
            raise DamagedPage("a record without its end")
        return bytes(payload)


@contextmanager
def open_pages(path: Path) -> Iterator[PageFile]:
    """Open a file for reading its pages."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield PageFile(b"")
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield PageFile(content)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes (1.6), signed, and the place after it."""
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def decode_record(payload: bytes) -> tuple[Value, ...]:
    """Return the values of a record (2.1). Raises DamagedPage, IndexError or UnicodeDecodeError."""
    end, at = read_varint(payload, 0)
    if not at <= end <= len(payload):
        raise DamagedPage("a header longer than its record")
    values, place = [], end
    while at < end:
        serial, at = read_varint(payload, at)
        size = _serial_size(serial)
        if place + size > len(payload):
            raise DamagedPage("a value beyond its record")
        values.append(_decode_value(serial, payload[place : place + size]))
        place += size
    if at != end or place != len(payload):
        raise DamagedPage("a record whose lengths do not add up")
    return tuple(values)


def _serial_size(serial: int) -> int:
    if serial < 0 or serial in {10, 11}:
        raise DamagedPage("a value of a kind that does not exist")
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[serial] if serial < 12 else (serial - 12) // 2


def _decode_value(serial: int, data: bytes) -> Value:
    if serial == 0:
        return None
    if serial >= 12:
        return data.decode("utf-8") if serial % 2 else data
    if serial == 7:
        return float(struct.unpack(">d", data)[0])
    return serial - 8 if serial in {8, 9} else int.from_bytes(data, "big", signed=True)


def _header_start(number: int) -> int:
    return HEADER_SIZE if number == 1 else 0


def _cell_places(page: bytes, start: int, first: int) -> list[int]:
    """Return where the cells of a b-tree page begin; `first`: bytes of its header."""
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    most = min(count, (PAGE_SIZE - start - first) // 2)
    places = struct.unpack_from(f">{most}H", page, start + first)
    return [place for place in places if start + first <= place < PAGE_SIZE - 3]
