"""First step of the gate: what a request is, and what must be allowed for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfnpipe.rehearsal.rights.conditions import Context


@dataclass(frozen=True)
class Check:
    """One action on one resource that must be allowed."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    """What this request says, besides what is known of its principal and resource."""


@dataclass(frozen=True)
class Sent:
    """A request as it came, whatever its protocol."""

    service: str
    """As the server routes it: `s3`, `monitoring`."""
    action: str
    """As IAM knows it: `s3:GetObject`."""
    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    """The query, and the form that a query protocol has in its body."""
    body: bytes
    account: str
    region: str

    @property
    def name(self) -> str:
        """The action without its service."""
        return self.action.partition(":")[2]

    @cached_property
    def data(self) -> dict[str, Any]:
        """The body of a JSON protocol; empty for the others."""
        try:
            read = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    def said(self, *names: str) -> str:
        """Return the first of some parameters that is given; empty for none."""
        for name in names:
            value = self.data.get(name) or next(iter(self.query.get(name, ())), "")
            if isinstance(value, str) and value:
                return value
        return ""

    def listed(self, name: str) -> list[str]:
        """Return a parameter that is a list: `ids` of JSON, `InstanceId.1` and further of a query."""
        found = self.data.get(name)
        if isinstance(found, list):
            return [str(each) for each in found]
        return [values[0] for key, values in self.query.items() if key.startswith(f"{name}.")]

    def arn(self, service: str, resource: str, *, everywhere: bool = False) -> str:
        """Return an ARN in the request's account and region, or in none where a service is `everywhere`."""
        return f"arn:aws:{service}:{'' if everywhere else self.region}:{self.account}:{resource}"

    def iam(self, resource: str) -> str:
        """Return the ARN of something in IAM, which has no region."""
        return self.arn("iam", resource, everywhere=True)

    @cached_property
    def tags(self) -> Context:
        """The tags that the request sets or names, as the context says it."""
        from ministack.core.iam_actions import request_tag_context

        return dict(request_tag_context(self.service, self.action, self.body, self.query))

    def check(self, resource: str, **context: Any) -> Check:
        """Return that the request's own action must be allowed on a resource."""
        return Check(self.action, resource, self.tags | context)


def pass_role(role: str, service: str) -> list[Check]:
    """Return that a role must be allowed to be handed to a service; nothing where there is no role."""
    receiver = {"iam:PassedToService": f"{service}.amazonaws.com"}
    return [Check("iam:PassRole", role, receiver)] if role else []


def use_key(key: str | None, actions: str, service: str, region: str) -> list[Check]:
    """Return that a key must be allowed to be used through a service; nothing where there is no key."""
    via = {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
    return [Check(f"kms:{action}", key, via) for action in actions.split()] if key else []
