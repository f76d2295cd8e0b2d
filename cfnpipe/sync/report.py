"""What came of a run, or will: an outcome for every bundle, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Keep, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cfnpipe.sync.prepare import Prepared


def planned(prepared: Prepared) -> tuple[Outcome, ...]:
    """Return what will be done, and what not."""
    steps = [
        Outcome(step, "unchanged", step.stored.version)
        if isinstance(step, Keep)
        else Outcome(step, "planned")
        for step in prepared.steps
    ]
    return (*steps, *_refused(prepared))


def finished(prepared: Prepared, came: Mapping[str, Outcome]) -> tuple[Outcome, ...]:
    """Return what was done, by the outcomes that came, by key; a step without one was not begun."""
    steps = [came.get(step.key, Outcome(step, "skipped")) for step in prepared.steps]
    return (*steps, *_refused(prepared))


def _refused(prepared: Prepared) -> Iterable[Outcome]:
    stacks = len({delete.stack for delete in prepared.refused})
    message = f"bundles of {stacks} stacks would be deleted, which is more than max_delete allows"
    hint = f"if all of them are meant, set max_delete: {stacks}"
    return (Outcome(delete, "refused", message=message, hint=hint) for delete in prepared.refused)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Return 0 if every bundle is as it should be, 4 if somebody else changed one, else 1."""
    results = {outcome.result for outcome in outcomes}
    if "conflict" in results:
        return 4
    return 1 if results & {"failed", "refused", "skipped"} else 0
