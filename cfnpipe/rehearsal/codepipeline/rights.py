"""Whom the pipelines act for: what this package asks of whoever evaluates policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cfnpipe.rehearsal.rights.credentials import Credentials
from cfnpipe.rehearsal.rights.decisions import Denied

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["Credentials", "Denied", "Rights", "Root"]


class Rights(Protocol):
    """Who calls, and what they may. Its methods may be called by several threads at once."""

    def caller(self, headers: Mapping[str, str]) -> str:
        """Return the ARN of who sent a request, by its headers."""

    def assume(
        self, role_arn: str, service: str, session_name: str, source_arn: str | None = None
    ) -> Credentials:
        """Return credentials of a role for a service, such as `codepipeline.amazonaws.com`.

        `source_arn`: for which resource the service acts, where the service says so. Raise `Denied` where
        the role's trust policy refuses, or there is no such role.
        """

    def check(self, principal_arn: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raise `Denied` if a principal may not do an action. For what happens without a call by HTTP."""


class Root:
    """Everybody is the account's root, which may do everything: a stand-in where no rights are evaluated."""

    def __init__(self, account: str) -> None:
        self._account = account

    def caller(self, headers: Mapping[str, str]) -> str:
        """Return the ARN of the account's root."""
        del headers
        return f"arn:aws:iam::{self._account}:root"

    def assume(
        self, role_arn: str, service: str, session_name: str, source_arn: str | None = None
    ) -> Credentials:
        """Return credentials that the local server takes for the account's root: its number."""
        del role_arn, service, session_name, source_arn
        return Credentials(self._account, "secret", "")

    def check(self, principal_arn: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Refuse nothing."""
