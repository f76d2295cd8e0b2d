"""What came of `deploy-init`, and what people do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from cfnpipe import console as pages
from cfnpipe import names
from cfnpipe.view.deployment import brought_document
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from cfnpipe.model import Environment
    from cfnpipe.model.deployment import Bootstrapped, Handover, Identity


def show_next(console: Console, steps: Sequence[str]) -> None:
    """Print what is to be done next, numbered."""
    if steps:
        console.print("Next:")
    for number, step in enumerate(steps, 1):
        console.print(Text(plain(f"  {number}. {step}")))


def next_steps(environment: Environment, outcome: Bootstrapped) -> list[str]:
    """Return what people do next, in order."""
    if outcome.handover is None:
        return []
    mails = ", ".join(environment.notify)
    subscribed = [f"confirm the subscription in the mail that AWS sent to {mails}"] if mails else []
    if outcome.handover.connection not in ("", "AVAILABLE"):
        page = pages.connections(environment.region)
        again = f"run again: cfnpipe deploy-init {environment.name}"
        return [*subscribed, f"complete the connection in the console: {page}", again]
    return [*subscribed, *_approve(environment, outcome.handover)]


def _approve(environment: Environment, handover: Handover) -> list[str]:
    pipeline = names.pipeline(environment.name, "pipelines")
    page = pages.pipeline(environment.region, pipeline)
    stacks = "approve the change sets of the stacks, those first that others import from"
    if handover.pipelines and not handover.approvals:
        return [stacks]
    waiting = ", then ".join(handover.approvals or map(names.approval, environment.review))
    return [f"approve {waiting} of {pipeline}: {page}", stacks]


def bootstrap_document(environment: Environment, outcome: Bootstrapped, caller: Identity) -> dict[str, Any]:
    """Return what came of it: `{"caller": ..., "stacks": [...], "handover": ..., "next": [...]}`."""
    handover = outcome.handover
    return {
        "environment": environment.name,
        "caller": {"account": caller.account, "arn": caller.arn},
        "stacks": brought_document(outcome.stacks),
        "handover": None
        if handover is None
        else {
            "connection": handover.connection,
            "sync_execution": handover.sync.id if handover.sync else "",
            "pipelines_execution": handover.pipelines.id if handover.pipelines else "",
            "approvals": list(handover.approvals),
        },
        "next": next_steps(environment, outcome),
    }
