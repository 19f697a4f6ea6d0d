"""Writes `*.json` beside this file from the models: `python -m uplink.events`."""

import json
from pathlib import Path

from uplink.events import MODELS
from uplink.events.base import Record
from uplink.events.feedback import Feedback
from uplink.events.request import ProviderRequest

FOLDER = Path(__file__).parent


def build_schemas() -> dict[Path, str]:
    """Build the text of each schema file (JSON Schema 2020-12, as OpenAPI 3.1 uses it)."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    models: dict[str, type[Record]] = {
        **MODELS,
        "mps.feedback/1": Feedback,
        "mps.request/1": ProviderRequest,
    }
    return {
        FOLDER / f"{name.replace('/', '.')}.json": json.dumps(
            dialect | model.model_json_schema(by_alias=True), indent=2
        )
        + "\n"
        for name, model in models.items()
    }


def main() -> None:
    """Write the schema files."""
    for file, text in build_schemas().items():
        file.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
