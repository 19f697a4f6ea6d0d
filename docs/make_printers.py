"""Makes docs/printers.md: vendor × capability × confidence, out of the shipped profiles.

python docs/make_printers.py            write it
python docs/make_printers.py --check    exit code 1 if it is not what the profiles say
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.collectors._vendor.vendor_profiles import Profile, load_shipped

PAGE = Path(__file__).with_name("printers.md")
MARK = "<!-- made by docs/make_printers.py from agent/collectors/profiles/: do not edit below -->"

CAPABILITIES: dict[str, tuple[frozenset[str], str]] = {  # column -> metrics, or a word in the part
    "total": (frozenset({"total"}), ""),
    "mono": (frozenset({"mono"}), "mono"),
    "colour": (frozenset({"colour", "two_colour", "single_colour"}), "colour"),
    "A3": (frozenset({"a3"}), ""),
    "print": (frozenset({"print"}), "print"),
    "copy": (frozenset({"copy"}), "copy"),
    "fax": (frozenset({"fax"}), "fax"),
    "scan": (frozenset({"scan"}), ""),
    "duplex": (frozenset({"duplex", "simplex"}), ""),
    "length, area": (frozenset({"length", "area"}), ""),
    "parts": (frozenset({"remaining", "pages_left", "used", "state"}), ""),
}
PARTS = CAPABILITIES["parts"][0]


def fits(column: str, metric: str, part: str | None) -> bool:
    """Whether a meter belongs to a column of the table."""
    metrics, word = CAPABILITIES[column]
    if column == "total" and part is not None:
        return False
    return metric in metrics or bool(word and metric not in PARTS and word in (part or ""))


def counted(profile: Profile) -> Iterator[tuple[str, str | None, str]]:
    """(metric, part, confidence) of each meter that the profile knows."""
    for row in profile.meter:
        yield row.metric, row.part, row.confidence
    for packed in profile.packed:
        for one in packed.meter:
            yield one.metric, one.part, one.confidence or packed.confidence


def best(grades: Iterable[str]) -> str:
    return min(grades, default="–")


def line(profile: Profile) -> str:
    rows = list(counted(profile))
    cells = [
        best(grade for metric, part, grade in rows if fits(column, metric, part)) for column in CAPABILITIES
    ]
    serial = best(row.confidence for row in profile.row if row.field == "serial")
    names = ", ".join((f"**{profile.vendor}**", *dict.fromkeys(brand.name for brand in profile.brand)))
    return f"| {names} | {' | '.join([serial, *cells])} |"


def made() -> str:
    """The part of the page below the mark."""
    metered = [profile for profile in load_shipped() if profile.meter or profile.packed]
    others = [profile for profile in load_shipped() if profile not in metered]
    head = f"| vendor | serial | {' | '.join(CAPABILITIES)} |\n|{'---|' * (len(CAPABILITIES) + 2)}\n"
    rows = "\n".join(map(line, sorted(metered, key=lambda one: one.vendor.casefold())))
    names = ", ".join(sorted((profile.vendor for profile in others), key=str.casefold))
    total = [grade for profile in load_shipped() for _, _, grade in counted(profile)]
    sums = ", ".join(f"{total.count(grade)} of confidence {grade}" for grade in "ABC")
    return (
        f"\n{head}{rows}\n\n"
        f"{len(total)} meter rows: {sums}.\n\n"
        f"Recognised, and read by the standard alone: {names}.\n"
    )


def page() -> str:
    """The whole page, its upper part as it is."""
    above, _, _ = PAGE.read_text("utf-8").partition(MARK)
    return f"{above}{MARK}\n{made()}"


def main() -> int:
    wanted = page()
    if "--check" in sys.argv:
        return int(PAGE.read_text("utf-8") != wanted)
    PAGE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
