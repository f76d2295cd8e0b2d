"""What pipelines did: their executions, and the revision of the source that each of them took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["running", "succeeded", "failed", "rejected", "stopped", "superseded", "cancelled"]


@dataclass(frozen=True)
class Revision:
    """What the source action of an execution fetched: which commit, and in whose words."""

    commit: str
    """The commit's id; the object's version id where the source is S3."""
    summary: str = ""
    """The commit message as it was written, any number of lines; empty where the source tells none."""
    author: str = ""
    """The author's name, or what else the source tells of the author; empty where it tells nothing."""


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline."""

    id: str
    status: Status
    started: datetime
    """When it began, with time zone."""
    revisions: Mapping[str, str]
    """What each source action took, by the action's name: the version id of an S3 object. An action that
    has not finished is not in it."""
