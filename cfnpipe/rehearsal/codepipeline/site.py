"""What actions act on: the local AWS, whoever evaluates rights, the Git repositories, and the builds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cfnpipe.rehearsal.codepipeline.build import Builds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cfnpipe.rehearsal.codepipeline.rights import Rights
    from cfnpipe.rehearsal.connections import Connections


@dataclass(frozen=True)
class Scope:
    """Where something is."""

    account: str
    """The account, 12 digits."""
    region: str
    """The region."""


class LocalAws(Protocol):
    """What has no API, or none that a role could call, in the local AWS."""

    def dispatch(self, event: Mapping[str, Any], scope: Scope) -> None:
        """Give an event of a service to EventBridge."""

    def project(self, name: str, scope: Scope) -> Mapping[str, Any]:
        """Return a CodeBuild project as CodeBuild itself knows it; raise `KeyError` if there is none."""

    def record(self, build: str, scope: Scope, changes: Mapping[str, Any]) -> None:
        """Write down how a build goes, where BatchGetBuilds reads it."""


@dataclass(frozen=True)
class Site:
    """One local AWS and what stands around it."""

    endpoint: str
    """Its address."""
    rights: Rights
    """Who may do what."""
    repositories: Mapping[str, Path]
    """By `owner/name`, or a CodeCommit repository's name: the local Git repository that stands for it."""
    aws: LocalAws
    """The local AWS from inside."""
    connections: Connections | None = None
    """Connections to Git hosts; without, every one can be used."""
    builds: Builds = field(default_factory=Builds)
    """What runs, and what it said."""
