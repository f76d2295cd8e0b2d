"""`cfnpipe rehearse`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from cfnpipe.cli import options, questions
from cfnpipe.cli.dialogue import Terminal

if TYPE_CHECKING:
    from cfnpipe.model import Activity
    from cfnpipe.rehearsal.rehearse import Rehearsal

_PAUSE = 0.5
"""Seconds between two looks at the working tree and at the pipelines."""


class Audience(Terminal):
    """Whoever watches a rehearsal."""

    def activity(self, pipeline: str, activity: Activity) -> None:
        """Show what an action of a pipeline does now."""
        from cfnpipe import view

        view.show_activity(self._console, pipeline, activity)


@click.command()
@click.option(
    "-e", "--environment", metavar="ENV", help="Which environment.  [default: the first with a source]"
)
@click.option("--script", is_flag=True, help="Run unattended, change a stack, and prove each step.")
@click.option("--keep", is_flag=True, help="Leave the local AWS running after the script, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where the local AWS answers.")
def rehearse(*, environment: str | None, script: bool, keep: bool, port: int) -> None:
    """Show the whole change process on this machine, without an AWS account.

    Starts a local AWS, sets ENV up in it from the working tree, and runs the rendered pipelines as AWS would,
    with the rendered policies. Approvals are asked for here.
    """
    from cfnpipe.errors import Refused
    from cfnpipe.rehearsal import rehearse as room

    if not (script or questions.present()):
        raise Refused("nobody is here to approve anything", hint="add --script to run it unattended")
    project = options.project()
    chosen = room.choose(project, environment)
    audience = Audience(yes=True)
    audience.note(f"rehearsing {chosen.name}: account {chosen.account}, region {chosen.region}")
    with room.rehearsing(project, chosen, audience, port=port) as rehearsal:
        _introduce(rehearsal, audience)
        rehearsal.process.bootstrap(rehearsal.rendered, audience)
        if script:
            _prove(rehearsal, audience)
        if keep or not script:
            _attend(rehearsal, audience, ask=not script)


def _introduce(rehearsal: Rehearsal, audience: Audience) -> None:
    audience.note(f"the local AWS answers at {rehearsal.server.endpoint}; to look on from another terminal:")
    account = rehearsal.process.environment.account
    audience.note(
        f"  export AWS_ENDPOINT_URL={rehearsal.server.endpoint} AWS_ACCESS_KEY_ID={account}"
        f" AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={rehearsal.process.environment.region}"
    )


def _prove(rehearsal: Rehearsal, audience: Audience) -> None:
    from cfnpipe import view

    script = rehearsal.script(audience)
    script.first_day()
    _tell_placeholders(rehearsal, audience)
    stack = script.change()
    view.show_rehearsed(view.output(), rehearsal.process.environment, stack)


def _tell_placeholders(rehearsal: Rehearsal, audience: Audience) -> None:
    """Say what is only recorded, because the local CloudFormation lacks the types or the attributes."""
    types = sorted({each.what for each in rehearsal.server.formation.placeholders()})
    if types:
        audience.note(f"only recorded here, with nothing behind them: {', '.join(types)}")


def _attend(rehearsal: Rehearsal, audience: Audience, *, ask: bool) -> None:
    """Follow the working tree and the pipelines until Ctrl-C, and ask for approvals."""
    audience.note("changes of the working tree are followed from here; Ctrl-C ends the rehearsal")
    later: set[str] = set()
    recorded = 0
    while True:
        if commit := rehearsal.workspace.snapshot("A change of the working tree"):
            audience.note(f"commit {commit[:8]}")
        watch = rehearsal.process.watch
        watch.look()
        if len(placeholders := rehearsal.server.formation.placeholders()) > recorded:
            recorded = len(placeholders)
            _tell_placeholders(rehearsal, audience)
        for pipeline, approval in watch.waiting if ask else ():
            if approval.token not in later:
                _decide(rehearsal, audience, pipeline, approval, later)
        if not (watch.busy or watch.waiting) and (started := rehearsal.process.catch_up()):
            audience.note(f"started again, because they were behind: {', '.join(started)}")
        time.sleep(_PAUSE)


def _decide(
    rehearsal: Rehearsal, audience: Audience, pipeline: str, approval: Activity, later: set[str]
) -> None:
    from cfnpipe import view

    if offered := rehearsal.process.offered(pipeline):
        view.show_offer(view.errors(), offered)
    review = rehearsal.process.review_of(approval)
    answer = click.prompt(
        f"{pipeline}: approve as {review}?",
        type=click.Choice(["yes", "no", "later"]),
        default="yes",
        err=True,
    )
    if answer == "later":
        later.add(approval.token)
    else:
        rehearsal.process.decide(pipeline, approval, approve=answer == "yes")
    audience.note(f"{review}: {answer}")
