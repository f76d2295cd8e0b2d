"""Resource types that AWS has and ministack lacks: a record stands for the resource, and says so.

The stack's own record is all there is of it: created, changed and deleted with the stack, with a `Ref` and
attributes of the right form, and nothing behind them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from cfnpipe.rehearsal.cloudformation import schemas
from cfnpipe.rehearsal.cloudformation.references import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    """A resource that is only recorded, or an attribute of one that is there."""

    stack: str
    logical_id: str
    type: str
    attribute: str = ""
    """What the template asks of the resource, and nothing is behind; empty for a whole resource."""

    @property
    def what(self) -> str:
        """The type, and the attribute: `AWS::RDS::DBInstance MasterUserSecret.SecretArn`."""
        return f"{self.type} {self.attribute}".rstrip()


class Placeholders:
    """The types that are only recorded in this process, and the attributes that are made up."""

    def __init__(self) -> None:
        self._types: set[str] = set()
        self._attributes: dict[tuple[str, str], frozenset[str]] = {}
        """By the stack's id and logical id."""

    def add(self, kinds: Iterable[str]) -> None:
        """Teach ministack the types that AWS has and it does not; the others it goes on refusing."""
        from ministack.services.cloudformation import provisioners

        handlers = provisioners._RESOURCE_HANDLERS
        for kind in kinds:
            if kind not in handlers and not kind.startswith("Custom::") and schemas.exists(kind):
                handlers[kind] = _handlers(kind)
                self._types.add(kind)

    def complete(
        self, about: tuple[str, str, str], properties: Mapping[str, Any], made: tuple[str, Any], before: Any
    ) -> Made:
        """Return what ministack made of a resource, with the attributes that it does not make.

        `about`: stack, logical id and type. `before`: the attributes that the same resource had. Those that
        are properties too, such as a VPC's address range, have the property's value; the others have a value
        of the right form with nothing behind it, such as the ARN of a database's secret.
        """
        (stack, title, kind), (physical_id, told) = about, made
        gettable = schemas.gettable(kind) or frozenset()
        given = {name: properties[name] for name in gettable & properties.keys()}
        made_up, real = attributes(kind, physical_id), given | (told or {})
        key = _stack_id(stack), title
        known = self._attributes.get(key, frozenset()) if before else frozenset()
        self._attributes[key] = known | (made_up.keys() - real.keys())
        return physical_id, made_up | dict(before or {}) | real

    def listed(self) -> list[Placeholder]:
        """Return what is only recorded of all stacks that there are."""
        from ministack.services import cloudformation

        stacks = list(cloudformation._stacks._data.values())
        return sorted(each for stack in stacks for each in self._of_stack(stack))

    def _of_stack(self, stack: Mapping[str, Any]) -> Iterator[Placeholder]:
        template = stack.get("_template") or {}
        asked = {each for block in ("Resources", "Outputs") for each in references(template, block)}
        for title, resource in stack["_resources"].items():
            kind = resource["ResourceType"]
            if kind in self._types:
                yield Placeholder(stack["StackName"], title, kind)
            for name in self._attributes.get((stack["StackId"], title), ()):
                if (title, name) in asked:
                    yield Placeholder(stack["StackName"], title, kind, name)


def _stack_id(name: str) -> str:
    from ministack.services import cloudformation

    return str(cloudformation._stacks[name]["StackId"])


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
