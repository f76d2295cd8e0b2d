"""What AWS publishes about resource types, as cfn-lint bundles it: which exist, what replaces, what is told.

Read when a template first needs it: cfn-lint takes most of a second to import.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGION = "us-east-1"
"""Where every type exists that exists anywhere, nearly."""


def exists(kind: str) -> bool:
    """Return whether AWS has a resource type."""
    return _schema(kind) is not None


def replacing(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the properties whose change replaces a resource always, and those whose change may."""
    schema = _schema(kind) or {}
    paths = [path.split("/")[2:] for path in schema.get("createOnlyProperties", ())]
    perhaps = [path.split("/")[2:] for path in schema.get("conditionalCreateOnlyProperties", ())]
    always = tuple(path[0] for path in paths if len(path) == 1)
    nested = {path[0] for path in [*(path for path in paths if len(path) > 1), *perhaps]}
    return always, tuple(sorted(nested - set(always)))


def attributes(kind: str) -> dict[str, Any]:
    """Return what `Fn::GetAtt` may ask for, such as `Endpoint.Address`, with its JSON type."""
    schema = _schema(kind) or {}
    names = (path.split("/")[2:] for path in schema.get("readOnlyProperties", ()))
    return {".".join(parts): _type(kind, parts) for parts in names if "*" not in parts}


def whole(kind: str) -> Mapping[str, Any]:
    """Return the schema of a type's properties; one that allows everything where AWS does not say."""
    return _schema(kind) or {}


def followed(kind: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of a type's schema, or the definition that it points to."""
    found = schema
    while "$ref" in found:
        found = whole(kind).get("definitions", {}).get(found["$ref"].rpartition("/")[2], {})
    return found


def identifier(kind: str) -> tuple[str, ...]:
    """Return the properties that together name a resource; none where AWS does not say."""
    schema = _schema(kind) or {}
    return tuple(path.rpartition("/")[2] for path in schema.get("primaryIdentifier", ()))


def gettable(kind: str) -> frozenset[str] | None:
    """Return all names that `Fn::GetAtt` accepts, some of them patterns; nothing for an unknown type."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    if not exists(kind):
        return None
    return frozenset(PROVIDER_SCHEMA_MANAGER.get_type_getatts(kind, _REGION))


def _type(kind: str, parts: list[str]) -> str:
    found = whole(kind)
    for part in parts:
        found = followed(kind, found.get("properties", {}).get(part, {}))
    form = found.get("type", "string")
    return str(form[0] if isinstance(form, list) else form)


@cache
def _schema(kind: str) -> Mapping[str, Any] | None:
    from cfnlint.schema import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    try:
        found: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    except ResourceNotFoundError:
        return None
    return found
