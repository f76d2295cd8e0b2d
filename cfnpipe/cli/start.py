"""`cfnpipe start`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import options, questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.aws import Bucket
    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.model import Environment, Standing, Start


@click.command()
@options.environment
@click.option(
    "--behind",
    is_flag=True,
    required=True,
    expose_value=False,
    help="Every stack whose bundle no execution has dealt with.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be started, and start nothing.")
@options.as_json
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.pass_context
def start(context: click.Context, *, environment: str, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Start the pipelines of the stacks of ENV that are behind.

    A stack is behind if its bundle's current version, older than ten minutes, belongs to no succeeded,
    rejected or running execution of its pipeline.
    """
    from cfnpipe import fleet, view

    chosen = options.project([environment]).environments[environment]
    bucket, pipelines = _aws(chosen)
    with view.progress() as progress:
        standings = fleet.plan(fleet.look(chosen, bucket, pipelines, progress))
    waiting = fleet.behind(standings) if not dry_run else []
    if waiting:
        _ask(standings, yes=yes)
    starts: list[Start] = []
    try:
        _start(waiting, pipelines, starts)
    finally:
        _show(standings, starts, as_json=as_json)
    context.exit(0 if sum(bool(each.execution) for each in starts) == len(waiting) else 1)


def _aws(environment: Environment) -> tuple[Bucket, Pipelines]:
    """Return the environment's source bucket, and the pipelines of its account and region."""
    from cfnpipe.aws import Session
    from cfnpipe.aws.codepipeline import Pipelines

    session = Session(environment.region)
    return options.source_bucket(environment, session), Pipelines(session)


def _ask(standings: Sequence[Standing], *, yes: bool) -> None:
    from cfnpipe import view

    def show() -> None:
        view.show_standings(view.errors(), standings, ())

    questions.ask("Start them?", show, refused="nothing was started", yes=yes)


def _start(waiting: Sequence[Standing], pipelines: Pipelines, starts: list[Start]) -> None:
    """Start what waits, and add what came of each to `starts`, which stays when this is cut short."""
    from cfnpipe import fleet, view

    with view.progress() as progress:
        for each in fleet.start(waiting, pipelines):
            starts.append(each)
            progress("Starting pipelines", len(starts), len(waiting))


def _show(standings: Sequence[Standing], starts: Sequence[Start], *, as_json: bool) -> None:
    from cfnpipe import view
    from cfnpipe.errors import CfnpipeError

    if as_json:
        view.show_json(view.output(), view.standings_document(standings, starts))
    else:
        view.show_standings(view.output(), standings, starts)
    for fault, hint in dict.fromkeys((each.fault, each.hint) for each in starts):
        if fault:
            view.show_error(view.errors(), CfnpipeError(fault, hint=hint))
