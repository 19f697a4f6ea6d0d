"""State files with rows in every table, and ways to damage them."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from agent.core.migrations import Migrations, table_names
from agent.core.store import Store

PAGE = 4096
Damage = Callable[[bytearray, Random], None]
Content = dict[str, Counter[tuple[Any, ...]]]
VALUES: dict[str, Callable[[int, Random], Any]] = {
    "INTEGER": lambda n, _: n,
    "REAL": lambda n, dice: n + dice.choice([0.0, 0.5]),
    "BLOB": lambda n, dice: n.to_bytes(16, "big") + dice.randbytes(dice.choice([0, 900])),
    "TEXT": lambda n, dice: f"größe {n} " + "x" * dice.choice([5, 5, 5, 40, 3000, 9000]),
}


def fill_tables(path: Path, components: Migrations, rows: int, seed: int = 1) -> Content:
    """Make a state file whose tables hold `rows` rows each, of values of their columns' types; what is in it."""
    Store(path, components).close()
    dice = Random(seed)
    with closing(sqlite3.connect(path)) as db:
        for table in table_names(components):
            columns = db.execute(f"PRAGMA table_info({table})").fetchall()
            marks = ", ".join("?" * len(columns))
            added = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608 - our own names
            made = (
                [VALUES[column[2] or "TEXT"](number, dice) for column in columns]
                for number in range(1, rows + 1)
            )
            db.executemany(added, list(made))
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return read_content(path, components)


def read_content(path: Path, components: Migrations) -> Content:
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as db:
        return {
            table: Counter(db.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608 - our own names
            for table in table_names(components)
        }


def zero_pages(image: bytearray, *numbers: int) -> None:
    for number in numbers:
        image[(number - 1) * PAGE : number * PAGE] = bytes(PAGE)


def list_pages(image: bytes, kind: int) -> list[int]:
    """The pages, from 3 on, that begin with the byte of this kind; without those of the pointer map."""
    numbers = range(3, len(image) // PAGE + 1)
    return [number for number in numbers if image[(number - 1) * PAGE] == kind and (number - 2) % 820]


def random_bytes(image: bytearray, dice: Random) -> None:
    for _ in range(dice.randint(1, 30)):
        image[dice.randrange(len(image))] = dice.randrange(256)


def random_pages(image: bytearray, dice: Random) -> None:
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(image) // PAGE) * PAGE
        image[at : at + PAGE] = dice.choice([bytes(PAGE), dice.randbytes(PAGE), b"\xff" * PAGE])


def first_pages(image: bytearray, dice: Random) -> None:
    size = dice.choice([PAGE, 2 * PAGE, dice.randint(1, 3 * PAGE)])
    image[:size] = dice.choice([bytes(size), dice.randbytes(size)])


def cut_short(image: bytearray, dice: Random) -> None:
    keep = dice.choice([0, 1, 99, 512, PAGE, dice.randrange(len(image)), dice.randrange(len(image))])
    del image[keep:]


def swap_pages(image: bytearray, dice: Random) -> None:
    """Two pages written to each other's place."""
    one, two = (dice.randrange(len(image) // PAGE) * PAGE for _ in range(2))
    image[one : one + PAGE], image[two : two + PAGE] = image[two : two + PAGE], image[one : one + PAGE]


DAMAGES: tuple[Damage, ...] = (random_bytes, random_pages, first_pages, cut_short, swap_pages)


def damaged_images(good: bytes, files: int, offsets: range, seed: int) -> Iterator[bytes]:
    """Images with damage of each kind by turns, then one image for each of `offsets`, with that byte changed."""
    dice = Random(seed)
    for number in range(files):
        image = bytearray(good)
        DAMAGES[number % len(DAMAGES)](image, dice)
        yield bytes(image)
    for offset in offsets:
        image = bytearray(good)
        image[offset] ^= dice.randint(1, 255)
        yield bytes(image)
