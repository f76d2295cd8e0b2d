"""The JSON Schema of a file in `config/`, with which editors complete, explain and check it."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cfnpipe.config.merge import EXTENDS
from cfnpipe.config.shape import adapter
from cfnpipe.model import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    made: dict[str, Any] = _relaxed(_described(adapter().json_schema()))
    stack = made["$defs"]["Stack"]["properties"]
    del stack["template"]["default"]
    stack["tags"]["additionalProperties"] = _TEXT
    parameters = stack["parameters"]["patternProperties"]
    for pattern in parameters:
        parameters[pattern] = {"anyOf": [_TEXT, {"items": _TEXT, "type": "array"}]}
    made["properties"] = {EXTENDS: _EXTENDS, **made["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _described(made: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the text below each field as its description.

    pydantic can do that itself, but guesses from the frames of the running program where the text is.
    """
    file = ast.parse(inspect.getsource(environment))
    classes = {node.name: node for node in file.body if isinstance(node, ast.ClassDef)}
    for name, shape in {**made["$defs"], "Environment": made}.items():
        texts = dict(_texts(classes[name]))
        for field, values in shape["properties"].items():
            if text := texts.get("name" if field == "environment" else field):
                values["description"] = text
    return made


def _texts(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield each field of a class that has a text below it, with that text."""
    for field, below in pairwise(node.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


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
