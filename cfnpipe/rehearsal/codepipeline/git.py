"""A local Git repository that stands for one elsewhere: its branches, commits and their files."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_QUIET = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8")
_FORMAT = "%H%x00%an%x00%ae%x00%aI%x00%cI%x00%B"


@dataclass(frozen=True)
class Commit:
    """What Git says of a commit."""

    id: str
    """Its id."""
    author: str
    """Name."""
    email: str
    """The author's address."""
    written: str
    """When it was written, ISO 8601."""
    committed: str
    """When it was committed, ISO 8601."""
    message: str
    """The whole message."""


class NoCommit(Exception):
    """There is no such repository, branch or commit."""


def surroundings() -> dict[str, str]:
    """Return the environment variables with which Git does the same for everybody.

    What is configured for the user, such as hooks, line ends and signatures, is meant for other repositories,
    and so are `GIT_DIR` and `GIT_INDEX_FILE`, which Git itself sets for its hooks.
    """
    own = {
        name: value
        for name, value in os.environ.items()
        if name == "GIT_EXEC_PATH" or not name.startswith("GIT_")
    }
    return {**own, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def head(repository: Path, branch: str) -> str | None:
    """Return the id of a branch's last commit, or None."""
    done = _git(repository, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
    return done.stdout.decode().strip() or None


def commit(repository: Path, branch: str, wanted: str = "") -> Commit:
    """Return a commit: the branch's last, or the one that is `wanted`. Raise `NoCommit`."""
    name = wanted or head(repository, branch) or ""
    done = (
        _git(repository, "log", "-1", f"--format={_FORMAT}", name)
        if re.fullmatch("[0-9a-f]+", name)
        else None
    )
    if done is None or done.returncode != 0:
        raise NoCommit(f"there is no commit {wanted}" if wanted else f"there is no branch {branch}")
    return Commit(*done.stdout.decode("utf-8", "replace").rstrip("\n").split("\0"))


def archive(repository: Path, commit: str) -> bytes:
    """Return the files of a commit as a zip."""
    return _git(repository, "archive", "--format=zip", commit).stdout


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "--no-pager", "--no-optional-locks", *_QUIET, "-C", str(repository), *arguments]
    return subprocess.run(  # noqa: S603 - the Git that the user has, and arguments of ours
        command, env=surroundings(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
