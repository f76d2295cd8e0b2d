"""`cfnpipe deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import deploying, options
from cfnpipe.cli.dialogue import Terminal

if TYPE_CHECKING:
    from cfnpipe import deploy as room
    from cfnpipe.aws import Bucket, Identity, Session
    from cfnpipe.model.deployment import Brought


@click.command()
@options.environment
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--dry-run", is_flag=True, help="Show the change sets, and execute none.")
@click.option("--no-execute", is_flag=True, help="Leave the change sets for the console, and print links.")
@click.option("--bucket", metavar="NAME", help="A bucket of yours for templates over 51,200 bytes.")
@options.profile
@options.as_json
@click.option("--yes", is_flag=True, help="Do it without asking.")
def deploy(  # noqa: PLR0913 - one argument an option
    *,
    environment: str,
    stacks: tuple[str, ...],
    dry_run: bool,
    no_execute: bool,
    bucket: str | None,
    profile: str | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Change stacks of ENV directly, an engineer's own environment; all of them without STACK.

    Renders, validates, shows each change set and asks. Protected environments are refused: only their
    pipelines change them.
    """
    from cfnpipe import deploy as room
    from cfnpipe.aws import Session
    from cfnpipe.aws.cloudformation import Stacks
    from cfnpipe.validate import dependencies

    chosen = room.choose(options.project([environment]), environment, stacks)
    project, rendering = deploying.rendering(environment)
    here = project.environments[environment]
    session = Session(here.region, profile)
    caller = deploying.caller(project, here, session)
    dialogue = Terminal(yes=yes or dry_run)
    dialogue.note(f"{caller.arn} in account {caller.account}, region {here.region}")
    asked = room.Development(
        environment=here,
        rendered={stack.stack: stack for stack in rendering.stacks if stack.stack in chosen},
        ranks=dependencies.order(rendering.stacks, project),
        bucket=_bucket(bucket, session, caller),
        dry_run=dry_run,
        execute=not no_execute,
    )
    _run(asked, room.Cloud(Stacks(session), here.region, profile=session.profile), dialogue, as_json=as_json)


def _bucket(name: str | None, session: Session, caller: Identity) -> Bucket | None:
    from cfnpipe.aws import Bucket

    return Bucket(session, name, caller.account) if name else None


def _run(asked: room.Development, cloud: room.Cloud, dialogue: Terminal, *, as_json: bool) -> None:
    """Deploy, and show what came of each stack, of those too that came before one that failed."""
    from cfnpipe import deploy as room
    from cfnpipe import view

    brought: list[Brought] = []
    try:
        for each in room.develop(asked, cloud, dialogue):
            brought.append(each)
            if not as_json:
                view.show_brought(view.output(), [each])
    finally:
        if as_json:
            view.show_json(view.output(), {"stacks": view.brought_document(brought)})
