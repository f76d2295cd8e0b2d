"""The repository that the local AWS reads: snapshots of a working tree, apart from its own repository."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cfnpipe.errors import BadInput
from cfnpipe.rehearsal.codepipeline import git

if TYPE_CHECKING:
    from pathlib import Path

_WHO = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Workspace:
    """A branch that follows a working tree; the tree's own repository is neither read nor changed."""

    repository: Path
    """The bare repository, which stands for the one that `source` names."""
    tree: Path
    """The working tree. What its `.gitignore` leaves out is left out."""
    branch: str

    def snapshot(self, message: str) -> str:
        """Commit the tree as it is now, and return the commit's id; empty if nothing differs."""
        self._git("add", "--all", "--", ".")
        if self.head() and not self._git("status", "--porcelain", "--untracked-files=no"):
            return ""
        self._git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message)
        return self.head()

    def head(self) -> str:
        """Return the id of the branch's last commit; empty before the first."""
        return git.head(self.repository, self.branch) or ""

    def copied(self, folder: Path) -> Workspace:
        """Return the same with a tree of its own in `folder`, where anything may be changed."""
        _run("clone", "--quiet", "--branch", self.branch, str(self.repository), str(folder))
        return replace(self, tree=folder)

    def _git(self, *arguments: str) -> str:
        where = (f"--git-dir={self.repository}", f"--work-tree={self.tree}")
        return _run("-C", str(self.tree), *where, *_WHO, "-c", "core.bare=false", *arguments)


def workspace(folder: Path, tree: Path, branch: str) -> Workspace:
    """Return a workspace whose repository is made in `folder`, with a first snapshot of `tree`."""
    repository = folder / "repository.git"
    _run("init", "--quiet", "--bare", "--initial-branch", branch, str(repository))
    made = Workspace(repository, tree, branch)
    made.snapshot("The working tree")
    return made


def _run(*arguments: str) -> str:
    """Run Git. Raise `BadInput` with what it says if it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise BadInput("git is not installed", hint="the rehearsal keeps its snapshots in Git") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise BadInput(f"git {arguments[-1]}: {said}")
    return done.stdout.decode().strip()
