"""Pipelines and their bucket in memory, where it is known what really became of each execution."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cfnpipe.model import Execution, ExecutionStatus, Pipeline, Revision, Version

if TYPE_CHECKING:
    from cfnpipe.aws import AwsError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Run:
    """An execution as it really is, which no single call tells."""

    id: str
    status: ExecutionStatus
    took: dict[str, str]
    started: datetime = NOON
    definition: int = 1

    @property
    def told(self) -> Execution:
        """What the listing says: a rejected one failed, and one that a new definition ended still runs."""
        status = {"rejected": "failed", "cancelled": "running"}.get(self.status, self.status)
        return Execution(self.id, status, self.started, self.took)


@dataclass
class Line:
    """A pipeline and what it ran, newest first."""

    sources: tuple[str, ...] = ("Bundle",)
    runs: list[Run] = field(default_factory=list)
    definition: int = 1

    def redefine(self) -> None:
        """Change the definition, which ends what runs."""
        self.definition += 1
        self.runs = [
            replace(run, status="cancelled") if run.status == "running" else run for run in self.runs
        ]


@dataclass
class World:
    """Some pipelines and the objects that they watch."""

    lines: dict[str, Line] = field(default_factory=dict)
    objects: dict[str, Version] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: dict[str, AwsError] = field(default_factory=dict)

    def executions(self, pipeline: str, since: datetime) -> list[Execution] | None:
        self.asked.append(f"executions {pipeline}")
        if pipeline not in self.lines:
            return None
        return [run.told for run in self.lines[pipeline].runs if run.started >= since]

    def rejections(self, pipeline: str, since: datetime) -> set[str]:
        self.asked.append(f"rejections {pipeline}")
        runs = self.lines[pipeline].runs
        return {run.id for run in runs if run.status == "rejected" and run.started >= since}

    def definition(self, pipeline: str) -> Pipeline:
        return Pipeline(self.lines[pipeline].definition, self.lines[pipeline].sources)

    def version(self, pipeline: str, execution: str) -> int:
        return self._run(pipeline, execution).definition

    def start(self, pipeline: str, token: str) -> str:
        if pipeline in self.broken:
            raise self.broken[pipeline]
        line = self.lines[pipeline]
        if token not in self.tokens:
            self.tokens[token] = f"run-{len(self.tokens)}"
            line.runs.insert(0, Run(self.tokens[token], "running", {}, NOON, line.definition))
        return self.tokens[token]

    def revision(self, pipeline: str, execution: str) -> Revision:
        return Revision(f"{pipeline} {execution}")

    def _run(self, pipeline: str, execution: str) -> Run:
        return next(run for run in self.lines[pipeline].runs if run.id == execution)


@dataclass
class Objects:
    """The bucket of a world."""

    world: World
    name = "cfnpipe-production-us-source"

    def region(self) -> str:
        return "us-east-1"

    def version(self, key: str) -> Version | None:
        return self.world.objects.get(key)
