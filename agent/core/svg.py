"""Elements of a drawing in SVG, as text: lengths to a tenth, text escaped."""

from collections.abc import Iterable
from html import escape


def element(name: str, inner: str = "", /, **attributes: str | float) -> str:
    """One element. `inner` is markup; `stroke_width=2` is written stroke-width="2", `class_=…` class="…"."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def label(text: str, x: float, y: float, **attributes: str | float) -> str:
    """Words at a place. `text` is plain."""
    return element("text", escape(text), x=x, y=y, **attributes)


def points(places: Iterable[tuple[float, float]]) -> str:
    """The corners of a line or an area, as its attribute has them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _value(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else escape(str(value))
