"""`cfnpipe sync`."""

from __future__ import annotations

import atexit
import gc
import os
from typing import TYPE_CHECKING

import click

from cfnpipe.cli import options, questions, signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.aws import Bucket
    from cfnpipe.model.transfer import Outcome
    from cfnpipe.sync import Prepared


@click.command()
@options.environment
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@options.as_json
@click.option("--allow-empty", is_flag=True, help="Let an empty stacks/ENV mean: delete every bundle.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.pass_context
def sync(  # noqa: PLR0913 - one argument an option
    context: click.Context, *, environment: str, dry_run: bool, as_json: bool, allow_empty: bool, yes: bool
) -> None:
    """Put what changed in stacks/ENV into S3, where the pipelines start from it.

    Exactly the bundles whose content differs are written, each once. What a run left undone because it
    was interrupted, the next one does.
    """
    _spare_the_imports()
    from cfnpipe import sync as corridor
    from cfnpipe import view
    from cfnpipe.aws import Session

    project = options.project([environment])
    local = corridor.committed(project, environment, allow_empty=allow_empty)
    session = Session(project.environments[environment].region)
    bucket = options.source_bucket(project.environments[environment], session)
    with view.progress() as bar:
        prepared = corridor.prepare(
            project,
            environment,
            local,
            session=session,
            bucket=bucket,
            variables=os.environ,
            progress=lambda done, of: bar("Comparing", done, of),
        )
    view.show_warnings(view.errors(), prepared.warnings)
    outcomes: Sequence[Outcome] = corridor.planned(prepared)
    interrupted = 0
    if not (prepared.idle or dry_run):
        _ask(prepared, yes=yes)
        outcomes, interrupted = _run(prepared, bucket)
    _show(prepared, outcomes, as_json=as_json)
    if interrupted:
        click.echo("interrupted", err=True)
    context.exit(128 + interrupted if interrupted else corridor.exit_code(outcomes))


def _spare_the_imports() -> None:
    """Let nobody look for garbage in what stays until the end: it takes a fifth of a run without changes."""
    gc.set_threshold(200_000, 50, 50)
    atexit.register(gc.freeze)


def _ask(prepared: Prepared, *, yes: bool) -> None:
    from cfnpipe import sync as corridor
    from cfnpipe import view

    def show() -> None:
        view.show_transfers(view.errors(), corridor.planned(prepared), prepared.foreign)

    questions.ask("Do it?", show, refused="nothing was changed", yes=yes)


def _run(prepared: Prepared, bucket: Bucket) -> tuple[Sequence[Outcome], int]:
    """Do it, and return what came of it, and the number of the signal that cut it short, or 0."""
    from cfnpipe import sync as corridor
    from cfnpipe import view

    came: dict[str, Outcome] = {}
    with signals.taken() as taken, view.progress() as bar:

        def done(outcome: Outcome) -> None:
            came[outcome.step.key] = outcome
            bar("Carrying", len(came), len(prepared.steps))

        corridor.apply(prepared.steps, bucket, prepared.metadata, done, halted=taken.came)
    return corridor.finished(prepared, came), taken.number


def _show(prepared: Prepared, outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    from cfnpipe import view
    from cfnpipe.errors import CfnpipeError

    if as_json:
        document = view.transfer_document(outcomes, prepared.foreign, prepared.metadata)
        view.show_json(view.output(), document)
    else:
        view.show_transfers(view.output(), outcomes, prepared.foreign)
    for message, hint in dict.fromkeys((outcome.message, outcome.hint) for outcome in outcomes):
        if message:
            view.show_error(view.errors(), CfnpipeError(message, hint=hint))
