"""The late older commit: what would take a newer commit back is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.errors import ChangedByAnother
from cfnpipe.model.transfer import Delete, Put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfnpipe.model.transfer import Step, Stored
    from cfnpipe.sync.origin import Origin


def refuse_older(steps: Iterable[Step], origin: Origin) -> tuple[str, ...]:
    """Return a warning for each commit in S3 of which it is not known whether it is newer than ours.

    Raise `ChangedByAnother` if one that would be replaced is known to be.
    """
    replaced: dict[str, str] = {}
    for step in steps:
        stored = _taken(step)
        if stored and stored.commit not in ("", origin.revision.commit):
            replaced.setdefault(stored.commit, stored.key)
    unknown = []
    for other, key in replaced.items():
        match origin.precedes(other):
            case True:
                raise ChangedByAnother(
                    f"{key} is from commit {other}, which came after {origin.revision.commit}",
                    hint="sync the newer commit; to go back, revert it with a commit of its own",
                )
            case None:
                unknown.append(
                    f"{key} is from commit {other}, which may be newer: it is not in this checkout"
                )
    return tuple(unknown)


def _taken(step: Step) -> Stored | None:
    if isinstance(step, Put):
        return step.replaces
    return step.stored if isinstance(step, Delete) else None
