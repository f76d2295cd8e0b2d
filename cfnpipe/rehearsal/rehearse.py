"""A rehearsal as a whole: a snapshot of the working tree, the local AWS, and the process in it."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe import config, definitions, deploy, render, stacks
from cfnpipe.aws import Access, Session
from cfnpipe.errors import BadInput
from cfnpipe.model import CodeCommitSource, ConnectionSource, Place
from cfnpipe.rehearsal.process import process
from cfnpipe.rehearsal.script import Script
from cfnpipe.rehearsal.server import require, serving
from cfnpipe.rehearsal.workspace import workspace
from cfnpipe.wording import choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.model import Environment, Project, RenderedStack
    from cfnpipe.rehearsal.process import Process
    from cfnpipe.rehearsal.server import Server
    from cfnpipe.rehearsal.watch import Stage
    from cfnpipe.rehearsal.workspace import Workspace


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that is ready to begin."""

    process: Process
    server: Server
    workspace: Workspace
    """Follows the user's working tree."""
    rendered: Mapping[str, RenderedStack]
    """The environment's stacks by name."""
    folder: Path
    """Where it may put what it needs; gone when it ends."""

    def script(self, stage: Stage) -> Script:
        """Return the unattended rehearsal, which changes a copy of the working tree."""
        copy = self.workspace.copied(self.folder / "tree")
        return Script(self.process, copy, lambda: _write(copy.tree, self.process.environment.name), stage)


def choose(project: Project, name: str | None) -> Environment:
    """Return the environment that is rehearsed: the one that is named, or the first that can be.

    Raise `BadInput` if it has no source that a local repository can stand for.
    """
    possible = {
        each.name: each
        for each in project.environments.values()
        if isinstance(each.source, ConnectionSource | CodeCommitSource)
    }
    if name is None and possible:
        return possible[min(possible)]
    if name in possible:
        return possible[name]
    where = project.where(name) if name and name in project.environments else Place("config")
    raise BadInput(
        f"{name or 'no environment'} has no Git source, and only such a process can be rehearsed",
        where=where,
        hint=choice(name or "", possible),
    )


@contextlib.contextmanager
def rehearsing(
    project: Project, environment: Environment, stage: Stage, *, port: int = 0
) -> Iterator[Rehearsal]:
    """Bring everything up, for as long as the context lasts.

    `port`: where the local AWS answers; 0 for any that is free. Raise `ProblemsFound` for definitions and
    templates that are wrong, `Refused` if `stacks/` is not what they make, `BadInput` for a port that is
    taken, and what `server.require` raises.
    """
    require()
    made = _render(project.root, environment.name)
    deploy.checks.valid(made)
    deploy.checks.committed(made, environment)
    with tempfile.TemporaryDirectory(prefix="cfnpipe-rehearsal-") as name:
        folder = Path(name)
        follows = workspace(folder, project.root, environment.source.branch)  # type: ignore[union-attr]
        account = environment.account or ""
        repositories = {environment.source.repository: follows.repository}  # type: ignore[union-attr]
        with serving(account, environment.region, repositories, port=port) as server:
            root = Session(environment.region, access=Access(server.endpoint, account, "local"))
            if isinstance(environment.source, ConnectionSource):
                server.connections.connect(environment.source.connection)
            rendered = {stack.stack: stack for stack in made.stacks}
            parts = process(environment, root, server.endpoint, stage)
            yield Rehearsal(parts, server, follows, rendered, folder)


def _render(root: Path, environment: str) -> render.Rendering:
    with definitions.interpreter() as warm:
        run = render.begin(config.load(root), render.Options((environment,)), warm)
        return render.render(run, lambda _what, _done, _of: None)


def _write(root: Path, environment: str) -> None:
    """Do what `cfnpipe render -e` does. Raise `ProblemsFound` if it would write nothing."""
    made = _render(root, environment)
    deploy.checks.valid(made)
    stacks.apply(root, made.changes)
