"""Writes `*.json` beside this file from the models: `python -m uplink.events`."""

import json
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema

from uplink.events import MODELS
from uplink.events.base import Record, build_schema_uri
from uplink.events.feedback import Feedback
from uplink.events.request import ProviderRequest


class UntitledFields(GenerateJsonSchema):
    """Gives titles to schemas alone: generators of code name classes after titles."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's
        """Return False for every field."""
        return False


FOLDER = Path(__file__).parent


def build_schemas() -> dict[Path, str]:
    """Build the text of each schema file (JSON Schema 2020-12, as OpenAPI 3.1 uses it)."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    models: dict[str, type[Record]] = {
        **MODELS,
        "mps.feedback/1": Feedback,
        "mps.request/1": ProviderRequest,
    }
    return {
        FOLDER / f"{name.replace('/', '.')}.json": json.dumps(
            {"$schema": dialect, "$id": build_schema_uri(name)}
            | model.model_json_schema(by_alias=True, schema_generator=UntitledFields),
            indent=2,
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
