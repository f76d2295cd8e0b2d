"""CodeConnections: connections to Git hosts, each of which a person completes in the console.

https://docs.aws.amazon.com/codeconnections/latest/APIReference/
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cfnpipe.rehearsal import service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.service import Reply

Status = Literal["PENDING", "AVAILABLE", "ERROR"]
_TARGETS = {
    "codeconnections": "com.amazonaws.codeconnections.CodeConnections_20231201",
    "codestar-connections": "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
}
"""The service by its new and by its old name."""


@dataclass
class Connection:
    """A connection to a Git host."""

    arn: str
    name: str
    provider: str = "GitHub"
    status: Status = "PENDING"
    tags: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """Return what the API tells of it."""
        return {
            "ConnectionArn": self.arn,
            "ConnectionName": self.name,
            "ConnectionStatus": self.status,
            "OwnerAccountId": self.arn.split(":")[4],
            "ProviderType": self.provider,
        }


class Refused(Exception):
    """A request that is refused, with the service's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Connections:
    """The service, and the connections of all accounts and regions."""

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "CreateConnection": self._create,
            "DeleteConnection": self._delete,
            "GetConnection": lambda asked: {"Connection": self._found(asked["ConnectionArn"]).told()},
            "ListConnections": self._list,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def install(self) -> None:
        """Add the service to ministack, under both its names."""
        for name, target in _TARGETS.items():
            service.add(name, target, self)

    def connect(self, arn: str, status: Status = "AVAILABLE") -> None:
        """Say how it stands with a connection; one that nobody created is there from now on."""
        there = self._connections.setdefault(arn, Connection(arn, "rehearsal"))
        there.status = status

    def complete(self, arn: str) -> bool:
        """Complete a connection's handshake, as a person does in the console; say whether there is one."""
        if arn not in self._connections:
            return False
        self._connections[arn].status = "AVAILABLE"
        return True

    def status(self, arn: str) -> Status | None:
        """Return how it stands with a connection; nothing where there is none."""
        there = self._connections.get(arn)
        return there.status if there else None

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Reply:
        """Answer a request."""
        del method, path, query_params
        target = headers.get("x-amz-target", "")
        name, _, operation = target.rpartition(".")
        if operation not in self._operations:
            return _refusal("UnknownOperationException", f"{operation} is not there")
        asked = json.loads(body or b"{}") | {"service": _name(name)}
        try:
            return _reply(200, self._operations[operation](asked))
        except Refused as refused:
            return _refusal(refused.code, str(refused))

    def reset(self) -> None:
        """Forget all connections."""
        self._connections.clear()

    def get_state(self) -> dict[str, Any]:
        """Return nothing: connections do not outlive the process."""
        return {}

    def _found(self, arn: str) -> Connection:
        if arn not in self._connections:
            raise Refused("ResourceNotFoundException", f"Connection {arn} not found")
        return self._connections[arn]

    def _create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        from ministack.core.responses import get_account_id, get_region

        where = f"arn:aws:{asked['service']}:{get_region()}:{get_account_id()}:connection/"
        made = Connection(where + str(uuid.uuid4()), asked["ConnectionName"])
        made.provider = asked.get("ProviderType", made.provider)
        made.tags.update(_tags(asked))
        self._connections[made.arn] = made
        return {"ConnectionArn": made.arn, "Tags": _listed(made.tags)}

    def _delete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        del self._connections[self._found(asked["ConnectionArn"]).arn]
        return {}

    def _list(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the connections of the region, whichever name of the service they were made by."""
        from ministack.core.responses import get_account_id, get_region

        here = [get_region(), get_account_id()]
        wanted = asked.get("ProviderTypeFilter")
        listed = (each for each in self._connections.values() if each.arn.split(":")[3:5] == here)
        return {"Connections": [each.told() for each in listed if wanted in {None, each.provider}]}

    def _list_tags(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Tags": _listed(self._found(asked["ResourceArn"]).tags)}

    def _tag(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self._found(asked["ResourceArn"]).tags.update(_tags(asked))
        return {}

    def _untag(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        tags = self._found(asked["ResourceArn"]).tags
        for key in asked["TagKeys"]:
            tags.pop(key, None)
        return {}


def _name(target: str) -> str:
    return next((name for name, known in _TARGETS.items() if known == target), "codeconnections")


def _tags(asked: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in asked.get("Tags") or ()}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _refusal(code: str, message: str) -> Reply:
    return _reply(400, {"__type": code, "message": message})


def _reply(status: int, answer: Mapping[str, Any]) -> Reply:
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()
