"""`cfnpipe render`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import options

if TYPE_CHECKING:
    from cfnpipe.render import Rendering


@click.command()
@options.environments
@click.option("--check", is_flag=True, help="Write nothing; fail unless stacks/ is what would be written.")
@click.option(
    "--diff", is_flag=True, help="Show the changes inside the files; they are written nevertheless."
)
@click.option(
    "--timeout",
    type=click.IntRange(min=1, max=86400),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long one definition may take.",
)
@options.form
@click.pass_context
def render(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    environments: tuple[str, ...],
    check: bool,
    diff: bool,
    timeout: int,
    form: str,
) -> None:
    """Make stacks/ from templates/ and config/.

    Nothing is written unless every template is valid.
    """
    from cfnpipe import definitions

    with (
        definitions.interpreter() as warm,  # which warms up while the rest is imported and read
        options.turn(writing=not check),
    ):
        project = options.project(environments)
        from cfnpipe import render as corridor

        run = corridor.begin(project, corridor.Options(environments, timeout, watch=check), warm)
        from cfnpipe import stacks, view

        with view.progress() as progress:
            rendering = (corridor.check if check else corridor.render)(run, progress)
        if not (check or rendering.refused):
            stacks.apply(project.root, rendering.changes)
    options.show_problems(context, rendering.problems)
    _show_files(rendering, form, written=not (check or rendering.refused), diff=diff or check)
    context.exit(1 if rendering.refused or (check and rendering.stale) else 0)


def _show_files(rendering: Rendering, form: str, *, written: bool, diff: bool) -> None:
    from cfnpipe import view

    output = view.output()
    if form == "json":
        document = view.document.rendering(rendering.problems, rendering.changes, written=written)
        return view.show_json(output, document)
    if form == "github" and not written:
        view.show_stale(output, rendering.changes)
    elif diff and not rendering.refused:  # it may be a secret that was refused
        view.show_diffs(output, rendering.changes)
    if rendering.refused:
        return view.show_verdict(output, rendering.stacks, rendering.problems, "; nothing was written")
    view.show_changes(output, rendering.changes)
    return view.show_summary(output, rendering.stacks, rendering.changes, written=written)
