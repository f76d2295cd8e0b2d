"""Resource types that AWS has and ministack lacks: a record stands for the resource, and says so.

The stack's own record is all there is of it: created, changed and deleted with the stack, with a `Ref` and
attributes of the right form, and nothing behind them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from cfnpipe.rehearsal.cloudformation import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PREFIXES = {
    "AWS::EC2::CustomerGateway": "cgw",
    "AWS::EC2::DHCPOptions": "dopt",
    "AWS::EC2::EIP": "eipalloc",
    "AWS::EC2::FlowLog": "fl",
    "AWS::EC2::Instance": "i",
    "AWS::EC2::NatGateway": "nat",
    "AWS::EC2::NetworkAcl": "acl",
    "AWS::EC2::SecurityGroupEgress": "sgr",
    "AWS::EC2::SecurityGroupIngress": "sgr",
    "AWS::EC2::TransitGateway": "tgw",
    "AWS::EC2::VPCPeeringConnection": "pcx",
    "AWS::EC2::Volume": "vol",
}
"""How the ids of a type begin on AWS: `nat-0a1b...`."""

_BLANK = {"boolean": "false", "integer": "0", "number": "0"}
"""Attributes that are no names, by their JSON type."""

Made = tuple[str, dict[str, Any]]
"""A physical id and the attributes."""


class Placeholder(NamedTuple):
    """A resource that is only recorded."""

    stack: str
    logical_id: str
    type: str


class Placeholders:
    """The types that are only recorded in this process."""

    def __init__(self) -> None:
        self._types: set[str] = set()

    def add(self, kinds: Iterable[str]) -> None:
        """Teach ministack the types that AWS has and it does not; the others it goes on refusing."""
        from ministack.services.cloudformation import provisioners

        handlers = provisioners._RESOURCE_HANDLERS
        for kind in kinds:
            if kind not in handlers and not kind.startswith("Custom::") and schemas.exists(kind):
                handlers[kind] = _handlers(kind)
                self._types.add(kind)

    def listed(self) -> list[Placeholder]:
        """Return the recorded resources of all stacks that there are."""
        from ministack.services import cloudformation

        stacks = list(cloudformation._stacks._data.values())
        return sorted(
            Placeholder(stack["StackName"], title, resource["ResourceType"])
            for stack in stacks
            for title, resource in stack["_resources"].items()
            if resource["ResourceType"] in self._types
        )


def _handlers(kind: str) -> dict[str, Any]:
    def create(title: str, properties: Mapping[str, Any], stack: str) -> Made:
        return made(kind, title, properties, stack)

    def update(physical_id: str, old: Any, new: Mapping[str, Any], stack: str, title: str) -> Made:
        from ministack.services import cloudformation

        del old, new
        there = cloudformation._stacks[stack]["_resources"][title]
        return physical_id, dict(there["Attributes"])

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": lambda *_: None}


def made(kind: str, title: str, properties: Mapping[str, Any], stack: str) -> Made:
    """Return a physical id and attributes as AWS would make them for a resource."""
    given = [properties.get(name) for name in schemas.identifier(kind)]
    own = (
        f"{_PREFIXES[kind]}-{_hexadecimal()}"
        if kind in _PREFIXES
        else f"{stack}-{title}-{_hexadecimal()[:12]}"
    )
    physical_id = str(given[0]) if len(given) == 1 and given[0] else own
    told = attributes(kind, physical_id)
    return str(told.get("PublicIp", physical_id)) if kind == "AWS::EC2::EIP" else physical_id, told


def attributes(kind: str, physical_id: str) -> dict[str, Any]:
    """Return a value of the right form for each attribute that AWS makes."""
    return {
        name: _attribute(kind, name, form, physical_id) for name, form in schemas.attributes(kind).items()
    }


def _attribute(kind: str, name: str, form: str, physical_id: str) -> Any:
    if form == "array" or form in _BLANK:
        return _BLANK.get(form, [])
    if name.endswith("Ip"):
        return f"203.0.113.{1 + secrets.randbelow(254)}"  # RFC 5737: addresses of nobody
    if name.endswith("Arn"):
        return _arn(kind, name, physical_id)
    if name in {"Id", "AllocationId", *schemas.identifier(kind)[-1:]}:
        return physical_id
    return f"{physical_id}-{name.replace('.', '-')}"


def _arn(kind: str, name: str, physical_id: str) -> str:
    from ministack.core.responses import get_account_id, get_region

    if name.endswith("SecretArn"):
        service, resource = "secretsmanager", f"secret:{physical_id}-{secrets.token_hex(3)}"
    else:
        service, resource = kind.split("::")[1].lower(), f"{_last(kind).lower()}/{physical_id}"
    region = "" if service == "iam" else get_region()
    return f"arn:aws:{service}:{region}:{get_account_id()}:{resource}"


def _last(kind: str) -> str:
    return kind.rpartition("::")[2]


def _hexadecimal() -> str:
    return f"0{secrets.token_hex(8)}"
