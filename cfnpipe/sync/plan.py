"""What has to be done: pure, from what is here and what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Delete, Keep, Put
from cfnpipe.sync.look import stack_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cfnpipe.model.transfer import Bundle, Step, Stored


def plan(local: Iterable[Bundle], remote: Iterable[Stored]) -> tuple[Step, ...]:
    """Return what becomes of each bundle, in the order in which it is done.

    | here | there | step |
    | --- | --- | --- |
    | yes | no | put, if there is still nothing |
    | yes | other bytes | put, if those are still there |
    | yes | the same bytes | keep |
    | no | yes | delete, if that is still there |

    Puts come first, then what is kept, and last what is deleted, each sorted. The halves of a split stack
    keep their order: the one that starts the pipeline is last.
    """
    there = {stored.key: stored for stored in remote}
    steps = [_step(bundle, there.pop(bundle.key, None)) for bundle in local]
    puts = sorted((step for step in steps if isinstance(step, Put)), key=lambda put: put.stack)
    keeps = sorted((step for step in steps if isinstance(step, Keep)), key=lambda keep: keep.key)
    deletes = [Delete(stack_of(key), there[key]) for key in sorted(there)]
    return (*puts, *keeps, *deletes)


def _step(bundle: Bundle, stored: Stored | None) -> Put | Keep:
    if stored is not None and stored.holds(bundle):
        return Keep(bundle, stored)
    return Put(bundle, stored)


def excess(steps: Sequence[Step], most: int) -> tuple[Delete, ...]:
    """Return the deletions that are refused: all, if they concern more than `most` stacks, else none."""
    deletes = tuple(step for step in steps if isinstance(step, Delete))
    return deletes if len({delete.stack for delete in deletes}) > most else ()
