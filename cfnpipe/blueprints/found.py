"""What a pipeline finds in the init stack `sync`: by reference inside of it, by import from outside."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cfnpipe.blueprints import parts

if TYPE_CHECKING:
    from cfnpipe.model import Environment


@dataclass(frozen=True)
class Found:
    """References to what every stack pipeline uses."""

    source: Any
    """The name of the bucket with the bundles."""
    artifacts: Any
    """The name of the bucket in which CodePipeline keeps what it works on."""
    key: Any
    """The ARN of the key that both are encrypted with."""
    topic: Any
    """The ARN of the topic that mails reviews."""
    protect: Any
    """The name of the project Protect."""
    resume: Any
    """The name of the project Resume."""


EXPORTS = {
    "source": "SourceBucket",
    "artifacts": "ArtifactBucket",
    "key": "Key",
    "topic": "Topic",
    "protect": "ProtectProject",
    "resume": "ResumeProject",
}
"""What `sync` exports each of them as."""


def elsewhere(environment: Environment) -> Found:
    """Return the references of a template other than `sync`."""
    return Found(**{each.name: parts.imported(environment, EXPORTS[each.name]) for each in fields(Found)})
