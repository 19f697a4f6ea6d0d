"""Writes `uplink/events/openapi.json`: the contract in one file, for tools that follow no other files.

    python docs/make_openapi.py          writes it; a test fails when it differs from openapi.yaml

Every schema is inlined under `components.schemas`. A part that two schemas have in different shapes (`Days`,
`Supply`) is named after the schema that it belongs to: `SupplyOrderHintSupply`.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "uplink" / "events"
Schema = dict[str, Any]


def build_bundle() -> str:
    """Build the text of `openapi.json`."""
    contract = yaml.safe_load((FOLDER / "openapi.yaml").read_text("utf-8"))
    files = {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("mps.*.json"))}
    shapes = {
        (name, json.dumps(part))
        for schema in files.values()
        for name, part in schema.get("$defs", {}).items()
    }
    clashes = {name for name, count in Counter(name for name, _ in shapes).items() if count > 1}
    targets = {file: f"#/components/schemas/{schema['title']}" for file, schema in files.items()}
    inlined = {}
    for schema in files.values():
        parts = {
            name: schema["title"] + name if name in clashes else name for name in schema.get("$defs", {})
        }
        moved = {f"#/$defs/{name}": f"#/components/schemas/{to}" for name, to in parts.items()}
        for name, to in parts.items():
            inlined[to] = replace_references(schema["$defs"][name], moved) | {"title": to}
        whole = {key: value for key, value in schema.items() if key not in {"$defs", "$id", "$schema"}}
        inlined[schema["title"]] = replace_references(whole, moved)
    bundle = replace_references(contract, targets)
    bundle["components"]["schemas"] |= dict(sorted(inlined.items()))
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"


def replace_references(value: Any, targets: dict[str, str]) -> Any:
    """Return `value` with each reference, and each mapping of a discriminator, led to its new place."""
    if isinstance(value, dict):
        return {key: replace_references(inner, targets) for key, inner in value.items()}
    if isinstance(value, list):
        return [replace_references(inner, targets) for inner in value]
    return targets.get(value, value) if isinstance(value, str) else value


if __name__ == "__main__":
    (FOLDER / "openapi.json").write_text(build_bundle(), "utf-8", newline="\n")
