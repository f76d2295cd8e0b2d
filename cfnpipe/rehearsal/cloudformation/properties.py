"""Properties that a resource type does not have, or cannot do without: AWS fails the resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cfnpipe.rehearsal.cloudformation import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation

_STRICTER = "AWS::CodePipeline::Pipeline"
"""A type whose handler here looks at more, and says it as AWS does for this type."""
_FOUND: dict[type, str] = {list: "JSONArray", dict: "JSONObject"}
_EXPECTED = {"array": ("JSONArray", list), "object": ("JSONObject", dict)}


_TAGS = ("Tags",)
"""The stack's are among them, not always in the form that the resource's have."""


class Wrong(NamedTuple):
    """Something that a resource's schema does not allow."""

    path: tuple[str, ...]
    """Of the object that it is in: `("LifecycleConfiguration", "Rules", "0")`."""
    kind: str
    """`required` for what is missing, `extraneous` for what is too much, or `type`."""
    name: str
    """The property that is missing, too much, or of a wrong type."""
    expected: str = ""
    found: str = ""


def check(operation: ResourceOperation) -> str | None:
    """Return what is wrong with the names of a resource's properties; their values are not looked at."""
    if operation.does == "delete" or operation.type == _STRICTER:
        return None
    found = wrong(operation.type, operation.properties)
    told = [_told(each) for each in found if each.kind != "type" and each.path[:1] != _TAGS]
    listed = "\n".join(told)
    failed = f"Properties validation failed for resource {operation.logical_id} with message:\n{listed}"
    return failed if told else None


def _told(each: Wrong) -> str:
    where = "/".join(("#", *each.path))
    if each.kind == "required":
        return f"{where}: required key [{each.name}] not found"
    return f"{where}: extraneous key [{each.name}] is not permitted"


def wrong(kind: str, properties: Mapping[str, Any], unknown: Any = None) -> Iterator[Wrong]:
    """Yield what a resource's schema does not allow: names and what is no object or list, no other values.

    `unknown`: what stands for a value that is not known yet.
    """
    yield from _wrong(kind, schemas.whole(kind), properties, (), unknown)


def _wrong(
    kind: str, schema: Mapping[str, Any], value: Any, path: tuple[str, ...], unknown: Any
) -> Iterator[Wrong]:
    if value is not None and value == unknown:
        return
    form, kind_of = _EXPECTED.get(str(schema.get("type")), ("", object))
    if path and not isinstance(value, kind_of):
        yield Wrong(path, "type", path[-1], form, _FOUND.get(type(value), "String"))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        items = schemas.followed(kind, schema["items"])
        for index, each in enumerate(value):
            yield from _wrong(kind, items, each, (*path, str(index)), unknown)
    elif isinstance(value, dict):
        yield from _wrong_members(kind, schema, value, path, unknown)


def _wrong_members(
    kind: str, schema: Mapping[str, Any], value: Mapping[str, Any], path: tuple[str, ...], unknown: Any
) -> Iterator[Wrong]:
    known = schema.get("properties", {})
    for name in sorted(set(schema.get("required", ())) - value.keys()):
        yield Wrong(path, "required", name)
    if schema.get("additionalProperties") is False and not schema.get("patternProperties"):
        for name in sorted(value.keys() - known.keys()):
            yield Wrong(path, "extraneous", name)
    for name in sorted(value.keys() & known.keys()):
        yield from _wrong(kind, schemas.followed(kind, known[name]), value[name], (*path, name), unknown)
