"""Which commit a checkout is of, as its Git says. Nothing is fetched, and nothing of the checkout runs."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe.errors import Refused
from cfnpipe.model.execution import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUIET = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8")
"""What a repository's own settings could make Git run or change."""


@dataclass(frozen=True)
class Checkout:
    """A commit of a Git checkout, and what that checkout knows of other commits."""

    root: Path
    revision: Revision

    def precedes(self, other: str) -> bool | None:
        """Tell whether another commit came after this one; None if the checkout does not know it."""
        if not _ID.fullmatch(other):
            return None
        if other == self.revision.commit:
            return False
        code = _git(self.root, "merge-base", "--is-ancestor", self.revision.commit, other).returncode
        return {0: True, 1: False}.get(code)


def checkout(root: Path, folder: str) -> Checkout | None:
    """Return the commit that is checked out at `root`; None where there is no Git, or no commit yet.

    Raise `Refused` if a file below `folder` is not as it was committed.
    """
    try:
        log = _git(root, "log", "-1", "--format=%H%n%an%n%s")
    except FileNotFoundError:
        return None
    if log.returncode != 0:
        return None
    commit, author, subject = log.stdout.removesuffix("\n").split("\n")
    if _git(root, "status", "--porcelain", "--", folder).stdout:
        raise Refused(f"{folder} is not as it was committed", hint="commit it, or run: git status")
    return Checkout(root, Revision(commit, subject, author))


def ignored(root: Path, paths: Iterable[str]) -> set[str]:
    """Return those of the paths that Git is told to ignore; none where there is no Git."""
    with suppress(FileNotFoundError):
        found = _git(root, "check-ignore", "--stdin", "-z", given="\0".join(paths)).stdout
        return set(found.split("\0"))
    return set()


def _git(root: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = ["git", "--no-pager", "--no-optional-locks", *_QUIET, "-C", str(root), *arguments]
    return subprocess.run(  # noqa: S603 - the Git that the user has, and arguments of ours
        command,
        input=given,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
