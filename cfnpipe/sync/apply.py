"""Doing what the plan says: each changed bundle by one conditional write, deletions last.

The write of a bundle is the commit mark: it is atomic, and nothing else starts the stack's pipeline. It
may be repeated as often as the network makes that necessary: the condition lets only one of the copies
through, and the SHA-256 that S3 checked tells whether that was ours.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from typing import TYPE_CHECKING

from cfnpipe.aws.errors import AwsError
from cfnpipe.aws.session import CONNECTIONS
from cfnpipe.model.transfer import Delete, Keep, Outcome, Put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cfnpipe.aws.s3 import Bucket
    from cfnpipe.model.transfer import Step

_LOOK_AGAIN = {
    "PreconditionFailed",  # Something else is there, perhaps what we wrote ourselves.
    "ConditionalRequestConflict",  # Somebody writes at this moment; perhaps a copy of our own call.
    "OperationAborted",
    "NoSuchKey",  # What was to be replaced is gone.
    "NoVersion",  # The reply is none of S3's.
}
_ATTEMPTS = 5
"""How often a write is tried while others write at the same moment."""


def apply(  # noqa: PLR0913 - what, where, and how
    steps: Sequence[Step],
    bucket: Bucket,
    metadata: Mapping[str, str],
    done: Callable[[Outcome], None] = lambda _outcome: None,
    *,
    halted: threading.Event | None = None,
    jobs: int = CONNECTIONS,
) -> tuple[Outcome, ...]:
    """Do the steps and return what came of each, in their order.

    `metadata` is stored with every bundle. `done` is called with each outcome as it comes, from several
    threads. `jobs`: how many bundles are written at once. What fails for one bundle does not keep the others
    from being written; what would fail for all does, and so does somebody else's change. Nothing is deleted
    unless everything else went well. Once `halted` is set, calls under way end and no other begins.
    """
    run = _Run(bucket, metadata, done, halted or threading.Event())
    run.put([step for step in steps if isinstance(step, Put)], jobs)
    run.keep(step for step in steps if isinstance(step, Keep))
    run.delete(step for step in steps if isinstance(step, Delete))
    return tuple(run.outcomes[step.key] for step in steps)


class _Run:
    """One application of a plan, with the outcomes so far by key."""

    def __init__(
        self,
        bucket: Bucket,
        metadata: Mapping[str, str],
        done: Callable[[Outcome], None],
        halted: threading.Event,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._bucket = bucket
        self._metadata = metadata
        self._done = done
        self._halted = halted

    def put(self, puts: Sequence[Put], jobs: int) -> None:
        """Write bundles, several at once; a rank begins when the one before it has ended."""
        for _, rank in groupby(puts, key=lambda put: put.rank):
            stacks = [list(halves) for _, halves in groupby(rank, key=lambda put: put.stack)]
            with ThreadPoolExecutor(jobs) as pool:
                for future in as_completed([pool.submit(self._put_stack, halves) for halves in stacks]):
                    future.result()

    def keep(self, keeps: Iterable[Keep]) -> None:
        """Note what is as it should be."""
        for keep in keeps:
            self._note(Outcome(keep, "unchanged", keep.stored.version))

    def delete(self, deletes: Iterable[Delete]) -> None:
        """Delete bundles, one after the other, until something goes wrong."""
        for delete in deletes:
            self._note(self._delete(delete) if self._clean else Outcome(delete, "skipped"))

    @property
    def _clean(self) -> bool:
        """Whether nothing went wrong so far."""
        went_well = all(outcome.result in ("done", "unchanged") for outcome in self.outcomes.values())
        return went_well and not self._halted.is_set()

    def _put_stack(self, halves: Sequence[Put]) -> None:
        """Write what a stack has; its second half, which starts the pipeline, only after the first."""
        whole = True
        for put in halves:
            outcome = self._put(put) if whole and not self._halted.is_set() else Outcome(put, "skipped")
            whole = outcome.result == "done"
            self._note(outcome)

    def _put(self, put: Put) -> Outcome:
        def write() -> str:
            replaces = put.replaces.etag if put.replaces else None
            return self._bucket.put(put.bundle, replaces, self._metadata)

        return self._tried(put, write)

    def _delete(self, delete: Delete) -> Outcome:
        return self._tried(delete, lambda: self._bucket.delete(delete.key, delete.stored.etag))

    def _tried(self, step: Put | Delete, call: Callable[[], str]) -> Outcome:
        """Call until it is known what came of it."""
        try:
            for _ in range(_ATTEMPTS):
                try:
                    return Outcome(step, "done", call())
                except AwsError as error:
                    if error.code not in _LOOK_AGAIN:
                        raise
                    refusal = error
                    if outcome := self._seen(step):
                        return outcome
            raise refusal
        except AwsError as error:
            if error.hopeless:
                self._halted.set()
            return Outcome(step, "failed", message=error.message, hint=error.hint)

    def _seen(self, step: Put | Delete) -> Outcome | None:
        """Return what is to be said of a step when looking at the object; None if it is to be tried again."""
        now = self._bucket.head(step.key)
        before = step.replaces if isinstance(step, Put) else step.stored
        if isinstance(step, Put) and now is not None and now.holds(step.bundle):
            return Outcome(step, "done", now.version)
        if isinstance(step, Delete) and now is None:
            return Outcome(step, "done")
        if (now and now.etag) == (before and before.etag):
            return None
        self._halted.set()
        ours, theirs = self._metadata.get("commit", ""), now.commit if now else ""
        message = f"{step.key} was {'changed' if now else 'deleted'} by somebody else while this ran"
        commits = f"commit {theirs or 'unknown'} is there" if now else "nothing is there"
        hint = f"run the command again if commit {ours or 'unknown'} is to replace it"
        return Outcome(
            step, "conflict", message=f"{message}: {commits}, this is {ours or 'unknown'}", hint=hint
        )

    def _note(self, outcome: Outcome) -> None:
        self.outcomes[outcome.step.key] = outcome
        self._done(outcome)
