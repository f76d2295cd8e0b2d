"""`cfnpipe validate`."""

from __future__ import annotations

import click

from cfnpipe.cli import options


@click.command()
@options.environments
@options.form
@click.pass_context
def validate(context: click.Context, *, environments: tuple[str, ...], form: str) -> None:
    """Check the committed files below stacks/, without running any definition.

    Templates are checked for their environment's region with cfn-lint and with cfnpipe's own rules.
    """
    from cfnpipe import stacks, view
    from cfnpipe import validate as room

    with options.turn(writing=False):
        project = options.project(environments)
        committed = stacks.read(project, environments or project.environments)
    with view.progress() as progress:
        problems = room.validate(
            project, committed, progress=lambda done, of: progress("Validating", done, of)
        )
    options.show_problems(context, problems)
    if form == "json":
        view.show_json(view.output(), view.document.validation(problems))
    else:
        view.show_verdict(view.output(), committed, problems)
    context.exit(1 if any(problem.stops for problem in problems) else 0)
