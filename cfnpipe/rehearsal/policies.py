"""Whom the pipelines act for, and what they may: by the policies that are deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal import rights

if TYPE_CHECKING:
    from collections.abc import Mapping


class Policies:
    """The rights that the pipelines ask for, evaluated by `rights`."""

    def caller(self, headers: Mapping[str, str]) -> str:
        """Return the ARN of who sent a request, which the gate has let through."""
        return rights.caller({name.lower(): value for name, value in headers.items()})

    def assume(
        self, role_arn: str, service: str, session_name: str, source_arn: str | None = None
    ) -> rights.Credentials:
        """Return credentials of a role for a service. Raise `Denied` where the role does not trust it."""
        return rights.assume(role_arn, service.removesuffix(".amazonaws.com"), session_name, source_arn)

    def check(self, principal_arn: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raise `Denied` if a principal may not do an action."""
        rights.check(principal_arn, action, resource, dict(context))
