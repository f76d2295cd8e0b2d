"""The JSON Schema of a file in `config/`, with which editors complete, explain and check it."""

from __future__ import annotations

from typing import Any

from cfnpipe.config.merge import EXTENDS
from cfnpipe.config.shape import adapter

_TEXT = {"type": ["string", "number", "boolean"]}
"""The text of a parameter or a tag, which YAML may take for something else."""

_EXTENDS = {
    "description": "A base in `config/` whose values this file takes over and changes: `_base.yaml`.",
    "pattern": "(^|/)_[^/]*\\.yaml$",
    "type": "string",
}


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12).

    Any file may be a part that others complete or a base completes, so nothing is required here;
    `cfnpipe` says what is missing in the whole.
    """
    made: dict[str, Any] = _relaxed(adapter().json_schema())
    stack = made["$defs"]["Stack"]["properties"]
    del stack["template"]["default"]
    stack["tags"]["additionalProperties"] = _TEXT
    parameters = stack["parameters"]["patternProperties"]
    for pattern in parameters:
        parameters[pattern] = {"anyOf": [_TEXT, {"items": _TEXT, "type": "array"}]}
    made["properties"] = {EXTENDS: _EXTENDS, **made["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _relaxed(part: Any) -> Any:
    """Return a part of the schema without what holds for a whole environment only, and without titles."""
    if isinstance(part, list):
        return [_relaxed(item) for item in part]
    if not isinstance(part, dict):
        return part
    left = {
        key: _relaxed(value)
        for key, value in part.items()
        if key not in ("title", "required", "discriminator")
    }
    if "oneOf" in left:
        left["anyOf"] = left.pop("oneOf")
    if "patternProperties" in left:
        left["additionalProperties"] = False
    return left
