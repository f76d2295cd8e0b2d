"""`cfnpipe rehearse`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from cfnpipe.cli import options, questions
from cfnpipe.cli.desk import Audience, Desk

if TYPE_CHECKING:
    from cfnpipe.rehearsal.following import Following
    from cfnpipe.rehearsal.rehearse import Rehearsal

_PAUSE = 0.5
"""Seconds between two looks at the working tree and at the pipelines."""


@click.command()
@options.one_environment
@click.option("--script", is_flag=True, help="Run unattended, change a stack, and prove each step.")
@click.option("--keep", is_flag=True, help="Leave the local AWS running after the script, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Where the local AWS answers.  [default: a port that is free]",
)
def rehearse(*, environment: str | None, script: bool, keep: bool, port: int | None) -> None:
    """Show the whole change process on this machine, without an AWS account.

    Starts a local AWS, sets ENV up in it from the working tree, and runs the rendered pipelines as AWS would,
    with the rendered policies. Approvals are asked for here.
    """
    from cfnpipe.errors import Refused
    from cfnpipe.rehearsal import rehearse as room
    from cfnpipe.rehearsal.following import Following

    if not (script or questions.present()):
        hint = "run it in a terminal, or unattended: cfnpipe rehearse --script"
        raise Refused("nobody is here to approve anything", hint=hint)
    project = options.project([environment] if environment else ())
    chosen = room.choose(project, environment)
    audience = Audience(yes=True)
    audience.note(f"rehearsing {chosen.name}: account {chosen.account}, region {chosen.region}")
    with room.rehearsing(project, chosen, audience, port=port or 0) as rehearsal:
        _introduce(rehearsal, audience)
        rehearsal.process.bootstrap(rehearsal.rendered, audience)
        following = Following(rehearsal, audience, tree=not script)
        if script:
            _prove(rehearsal, audience, following)
        if keep and script:
            audience.note("the local AWS stays, for a second terminal; Ctrl-C ends it")
            _watch(following)
        if not script:
            audience.note("changes of the working tree are followed from here; Ctrl-C ends the rehearsal")
            _attend(rehearsal, audience, following)


def _introduce(rehearsal: Rehearsal, audience: Audience) -> None:
    audience.note(f"the local AWS answers at {rehearsal.server.endpoint}; to look on from another terminal:")
    account = rehearsal.process.environment.account
    audience.note(
        f"  export AWS_ENDPOINT_URL={rehearsal.server.endpoint} AWS_ACCESS_KEY_ID={account}"
        f" AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={rehearsal.process.environment.region}"
    )


def _prove(rehearsal: Rehearsal, audience: Audience, following: Following) -> None:
    from cfnpipe import view

    script = rehearsal.script(audience)
    script.first_day()
    following.tell_placeholders()
    stack = script.change()
    view.show_rehearsed(view.output(), rehearsal.process.environment, stack)


def _watch(following: Following) -> None:
    """Follow the pipelines until Ctrl-C; whoever decides is elsewhere."""
    while True:
        following.step()
        time.sleep(_PAUSE)


def _attend(rehearsal: Rehearsal, audience: Audience, following: Following) -> None:
    """Follow the working tree and the pipelines until Ctrl-C, and ask for approvals."""
    desk = Desk(rehearsal.process, audience)
    try:
        while True:
            rest = following.step()
            if not desk.turn(rest=rest) and rest:
                following.catch_up()
            if (line := questions.line(_PAUSE)) is not None:
                desk.answer(line)
    finally:
        audience.leave()
