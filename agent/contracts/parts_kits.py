"""Which parts, tools and skills a fault needs: the kits of the contract file that fit it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from agent.core.model import Device

if TYPE_CHECKING:
    from agent.contracts.file_format import PartForm, PartsKitForm


@dataclass(frozen=True, slots=True, kw_only=True)
class KitNeeds:
    """What to bring and be able to do. Empty: no kit of the file fits."""

    parts: "tuple[tuple[str, PartForm], ...]" = ()  # (id of the kit, part)
    skills: tuple[str, ...] = ()
    certification: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    two_person_lift: bool = False


def find_needs(
    kits: "Sequence[PartsKitForm]", device: Device, fault: str, vendor_code: str | None, voltage: str
) -> KitNeeds:
    """Find what a fault of a printer needs. `voltage`: of the place, "110V"; empty: not known.

    Kits for the maker's own code go before those for any code; parts of another voltage are left out. Of an
    unknown voltage all are named: the technician sees from `voltage` which one it is.
    """
    fitting = [one for one in kits if fits_model(one, device) and _fits_any(one.fault, fault)]
    exact = [one for one in fitting if vendor_code and _fits_any(one.vendor_code, vendor_code)]
    chosen = exact or [one for one in fitting if not one.vendor_code]
    return KitNeeds(
        parts=tuple(_list_parts(chosen, voltage)),
        skills=_join_words(one.skills for one in chosen),
        certification=_join_words(one.certification for one in chosen),
        tools=_join_words(one.tools for one in chosen),
        two_person_lift=any(one.two_person_lift for one in chosen),
    )


def fits_model(kit: "PartsKitForm", device: Device) -> bool:
    """Whether a kit is for this model; its patterns may have the maker in front."""
    model = device.model or ""
    return any(_fits_any(kit.model, name) for name in (model, f"{device.vendor or ''} {model}".strip()))


def _fits_any(patterns: Sequence[str], word: str) -> bool:
    return any(fnmatchcase(word.casefold(), one.casefold()) for one in patterns)


def _list_parts(kits: "Sequence[PartsKitForm]", voltage: str) -> "Iterator[tuple[str, PartForm]]":
    seen = set()
    for kit in kits:
        for part in kit.item:
            fits = not part.voltage or not voltage or _same_voltage(part.voltage, voltage)
            if fits and part.part_no not in seen:
                seen.add(part.part_no)
                yield kit.id, part


def _same_voltage(one: str, other: str) -> bool:
    """Compare "110V", "110 v" and "110"."""
    first, second = (text.casefold().replace(" ", "").removesuffix("v") for text in (one, other))
    return first == second


def _join_words(lists: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in lists for word in words))
