"""Which pages of a damaged file belong to which table, and the rows on them.

Three sources, each used where the one before says nothing:

    tree            the pages below the table's root, as far as interior pages can be read
    pointer map     for each page its parent, up to a root: finds what lies below a smashed interior page
    form of rows    a page that neither of the two knows belongs to the only table whose columns fit its rows

The root of a table is what sqlite_schema says; where that is lost, what a fresh file of the same schema says,
if the rows there fit; else the only table that fits. Free pages are left alone: their rows were deleted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.sqlite_pages import (
    INDEX_INTERIOR,
    INDEX_LEAF,
    MAP_FREE,
    MAP_ROOT,
    MAP_STEP,
    MAP_TREE,
    MAX_DEPTH,
    TABLE_INTERIOR,
    TABLE_LEAF,
    PageFile,
    Row,
    Value,
)

SCHEMA_KINDS = {"table", "index", "view", "trigger"}
TREE_KINDS = {TABLE_LEAF, TABLE_INTERIOR, INDEX_LEAF, INDEX_INTERIOR}
SAMPLE = 3  # pages of a tree that are compared with the columns of a table
LIKE_FRESH = 0.9  # share of the roots that are where a fresh file has them
TAKES: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,),
    "REAL": (int, float),
    "TEXT": (str,),
    "BLOB": (bytes,),
}  # a column's type -> the values that are stored in it
ANY = (int, float, str, bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """How the rows of a table are stored: its columns in the order of a record.

    Indexes are described like this, too, so that their trees are not taken for those of tables.
    """

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    required: tuple[bool, ...]  # NOT NULL
    defaults: tuple[Value, ...]  # of columns that a short record leaves out
    rowid_column: int | None  # the column that is an alias of the row number
    has_rowid: bool  # False: WITHOUT ROWID

    @property
    def kinds(self) -> set[int]:
        """The kinds of pages that hold its rows."""
        return {TABLE_LEAF} if self.has_rowid else {INDEX_LEAF, INDEX_INTERIOR}

    def complete_row(self, row: Row) -> tuple[Value, ...] | None:
        """Return the values of all columns; None if the record has more, or leaves out too many."""
        missing = len(self.columns) - len(row.values)
        if not 0 <= missing <= len(self.defaults) or (row.rowid is None) == self.has_rowid:
            return None
        values = [*row.values, *(self.defaults[len(self.defaults) - missing :])]
        if self.rowid_column is not None:
            values[self.rowid_column] = row.rowid
        return tuple(values)

    def fits_row(self, row: Row) -> bool:
        """True if every value is of its column's type."""
        values = self.complete_row(row)
        return values is not None and all(
            isinstance(value, TAKES.get(kind, ANY)) if value is not None else not required
            for value, kind, required in zip(values, self.types, self.required, strict=True)
        )


@dataclass(slots=True)
class PageOwners:
    """The owners of the pages of one file."""

    pages: PageFile
    roots: dict[str, int]  # of tables and indexes, as sqlite_schema says
    tables: Sequence[StoredTable]  # and indexes
    fresh_roots: Mapping[str, int] = field(default_factory=dict)  # of the same tables in a fresh file
    unreadable: int = 0  # pages that a tree leads to, and that are no b-tree pages
    _found: dict[str, list[int]] = field(default_factory=dict)
    _reached: set[int] = field(default_factory=set)

    def list_pages(self, table: StoredTable) -> list[int]:
        """Return the pages with rows of `table`: those of its tree first."""
        if not self._found:
            self._assign_pages()
        return self._found.get(table.name, [])

    def list_orphans(self, table: StoredTable) -> list[int]:
        """Return the pages with rows of `table` to which its tree does not lead."""
        return [page for page in self.list_pages(table) if page not in self._reached]

    def _assign_pages(self) -> None:
        by_name = {table.name: table for table in self.tables}
        self._found = {name: [] for name in by_name}
        by_root, strays = self.group_pages()
        self.roots = {
            name: root for name, root in self.roots.items() if self._may_lead(by_name.get(name), root)
        }
        for name, root in self.roots.items():
            tree = list(walk_tree(self.pages, root))
            self.unreadable += sum(self.pages.page_kind(page) not in TREE_KINDS for page in tree)
            self._reached.update(tree)
            if table := by_name.get(name):
                self._add_pages(table, [*tree, *by_root.get(root, ())])
        if not self._is_fresh_layout():
            self.fresh_roots = {}
        known = set(self.roots.values())
        self._match_trees({root: pages for root, pages in by_root.items() if root not in known})
        for page in strays:
            if page not in self._reached and (table := self._guess_table(page, [page], self.tables)):
                self._add_pages(table, [page])

    def _match_trees(self, trees: dict[int, list[int]]) -> None:
        """Find the tables of trees with unknown roots. Each has one root: one match leads to the next."""
        lost = [table for table in self.tables if table.name not in self.roots]
        matched = True
        while matched:
            matched = False
            for root, pages in list(trees.items()):
                if table := self._guess_table(root, pages, lost):
                    self._add_pages(table, pages)
                    lost.remove(table)
                    del trees[root]
                    matched = True

    def _is_fresh_layout(self) -> bool:
        """True if the roots are where a fresh file has them: no migration has changed their order."""
        known = [self.fresh_roots.get(name) == root for name, root in self.roots.items()]
        if not known:
            fits = ((one, self._sample_rows([self.fresh_roots.get(one.name, 0)])) for one in self.tables)
            known = [all(map(table.fits_row, rows)) for table, rows in fits if rows]
        return sum(known) >= LIKE_FRESH * len(known)

    def _add_pages(self, table: StoredTable, pages: Iterable[int]) -> None:
        known = dict.fromkeys(self._found[table.name])
        known.update((page, None) for page in pages if self.pages.page_kind(page) in table.kinds)
        self._found[table.name] = list(known)

    def _may_lead(self, table: StoredTable | None, root: int) -> bool:
        """False for a root below which no row is of the table: that number is damaged."""
        if table is None:
            return True
        rows = self._sample_rows(list(walk_tree(self.pages, root)))
        return not rows or any(map(table.fits_row, rows))

    def _sample_rows(self, pages: Sequence[int]) -> list[Row]:
        with_rows = [
            page
            for page in pages
            if 0 < page <= self.pages.size and self.pages.page_kind(page) != TABLE_INTERIOR
        ][:SAMPLE]
        return [row for page in with_rows for row in self.pages.read_rows(page) if isinstance(row, Row)]

    def _guess_table(
        self, root: int, pages: Sequence[int], tables: Sequence[StoredTable]
    ) -> StoredTable | None:
        """Return the one of `tables` whose columns fit the rows of these pages of a tree, or None."""
        kinds = {self.pages.page_kind(page) for page in pages}
        rows = self._sample_rows(pages)
        fitting = [one for one in tables if kinds & one.kinds and rows and all(map(one.fits_row, rows))]
        placed = [table for table in fitting if self.fresh_roots.get(table.name) == root]
        candidates = placed or fitting
        return candidates[0] if len(candidates) == 1 else None

    def group_pages(self) -> tuple[dict[int, list[int]], list[int]]:
        """Return the b-tree pages by their root, as the pointer map has it, and those without a root."""
        by_root: dict[int, list[int]] = defaultdict(list)
        strays, free = [], self.pages.free_pages()
        kinds = {TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR}
        for page in range(2, self.pages.size + 1):
            is_map = self.pages.has_map and (page - 2) % MAP_STEP == 0
            if is_map or self.pages.page_kind(page) not in kinds:
                continue
            entry = self.pages.map_entry(page)[0]
            if root := self._find_root(page):
                by_root[root].append(page)
            elif entry == MAP_TREE or (entry != MAP_FREE and page not in free):
                strays.append(page)
        return by_root, strays

    def _find_root(self, page: int) -> int | None:
        """Follow the parents of a page to its root; None where the pointer map does not lead to one."""
        for _ in range(MAX_DEPTH):
            kind, parent = self.pages.map_entry(page)
            if kind == MAP_ROOT or page == 1:
                return page
            if kind != MAP_TREE:
                return None
            page = parent
        return None


def walk_tree(pages: PageFile, root: int) -> Iterator[int]:
    """Give the pages of a tree from its root on, each once, as far as interior pages can be read."""
    waiting, seen = [root], set()
    while waiting:
        page = waiting.pop()
        if page in seen or not 1 <= page <= pages.size:
            continue
        seen.add(page)
        yield page
        if pages.page_kind(page) in {TABLE_INTERIOR, INDEX_INTERIOR}:
            waiting += reversed(pages.list_children(page))


def read_schema(pages: PageFile) -> dict[str, tuple[str, int, str]]:
    """Return name -> (kind, root page, SQL) of what can be read of sqlite_schema, the tree of page 1.

    A name that stands on several pages counts as the tree has it, then as the pointer map has it.
    """
    owners = PageOwners(pages, {"sqlite_schema": 1}, ())
    below, strays = owners.group_pages()
    found: dict[str, tuple[str, int, str]] = {}
    tree = list(walk_tree(pages, 1))
    for page in dict.fromkeys([*tree, *below.get(1, ()), *strays]):
        if page != 1 and pages.page_kind(page) != TABLE_LEAF:
            continue
        rows = list(pages.read_rows(page))
        sound = [row.values for row in rows if isinstance(row, Row) and is_schema_row(row.values)]
        if page in tree or len(sound) == len(rows):
            for kind, name, _, root, sql in sound:
                found.setdefault(str(name), (str(kind), int(root or 0), str(sql or "")))
    return found


def is_schema_row(values: Sequence[Value]) -> bool:
    """True for a record of sqlite_schema: type, name, tbl_name, rootpage, sql."""
    return (
        len(values) == 5
        and values[0] in SCHEMA_KINDS
        and isinstance(values[1], str)
        and isinstance(values[2], str)
        and isinstance(values[3], int | None)
        and isinstance(values[4], str | None)
    )
