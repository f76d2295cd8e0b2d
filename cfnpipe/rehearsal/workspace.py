"""The repository that the local AWS reads: snapshots of a working tree, apart from its own repository."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cfnpipe.errors import BadInput
from cfnpipe.rehearsal.codepipeline import git

if TYPE_CHECKING:
    from pathlib import Path

_WHO = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")

_ATTEMPTS = 3


@dataclass(frozen=True)
class Workspace:
    """A branch that follows a working tree; the tree's own repository is neither read nor changed."""

    repository: Path
    """The bare repository, which stands for the one that `source` names."""
    tree: Path
    """The working tree. What its `.gitignore` leaves out is left out."""
    branch: str
    excludes: str = ""
    """A file with what the user has left out everywhere, such as the files of an editor."""

    def snapshot(self, message: str) -> str:
        """Commit the tree as it is now, and return the commit's id; empty if nothing differs."""
        self._add()
        if self.head() and not self._git("status", "--porcelain", "--untracked-files=no"):
            return ""
        self._git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message)
        return self.head()

    def _add(self) -> None:
        """Take in the tree; again if Git gives up, which it does where a file goes while it looks."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(BadInput):
                self._git("add", "--all", "--", ".")
                return
        self._git("add", "--all", "--", ".")

    def head(self) -> str:
        """Return the id of the branch's last commit; empty before the first."""
        return git.head(self.repository, self.branch) or ""

    def copied(self, folder: Path) -> Workspace:
        """Return the same with a tree of its own in `folder`, where anything may be changed."""
        _run((), "clone", "--quiet", "--branch", self.branch, str(self.repository), str(folder))
        return replace(self, tree=folder)

    def _git(self, *arguments: str) -> str:
        where = (f"--git-dir={self.repository}", f"--work-tree={self.tree}")
        ignored = ("-c", f"core.excludesFile={self.excludes}") if self.excludes else ()
        before = ("-C", str(self.tree), *where, *_WHO, *ignored, "-c", "core.bare=false")
        return _run(before, *arguments)


def workspace(folder: Path, tree: Path, branch: str) -> Workspace:
    """Return a workspace whose repository is made in `folder`, with a first snapshot of `tree`."""
    repository = folder / "repository.git"
    _run((), "init", "--quiet", "--bare", "--initial-branch", branch, str(repository))
    made = Workspace(repository, tree, branch, _excludes())
    made.snapshot("The working tree")
    return made


def _excludes() -> str:
    """Return `core.excludesFile` of the user's own configuration, the one thing of it that counts here."""
    asked = ("git", "config", "--global", "--path", "--get", "core.excludesFile")
    try:
        found = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return ""
    return os.fsdecode(found.stdout).strip()


def _run(before: tuple[str, ...], command: str, *arguments: str) -> str:
    """Run a command of Git. Raise `BadInput` with what it says if it fails or is not there.

    `before`: options that stand before the command.
    """
    whole = ("git", *before, command, *arguments)
    try:
        done = subprocess.run(  # noqa: S603 - the Git that the user has, and arguments of ours
            whole, env=git.surroundings(), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise BadInput("git is not installed", hint="the rehearsal keeps its snapshots in Git") from error
    if done.returncode:
        said = "; ".join(done.stderr.decode(errors="replace").split("\n")).strip("; ")
        hint = "the rehearsal commits the working tree into a repository of its own"
        raise BadInput(f"git {command}: {said}", hint=hint)
    return done.stdout.decode(errors="replace").strip()
