"""What both deploy commands begin with: the rendered stacks, and whose credentials are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.cli import options

if TYPE_CHECKING:
    from cfnpipe.aws import Identity, Session
    from cfnpipe.model import Environment, Project
    from cfnpipe.render import Rendering


def rendering(environment: str) -> tuple[Project, Rendering]:
    """Return the project, and what its definitions make for an environment; nothing is written.

    Raise `ProblemsFound` for anything that keeps a definition from making a template, or that is wrong
    with a template.
    """
    from cfnpipe import definitions

    with definitions.interpreter() as warm:  # which warms up while the rest is imported and read
        from cfnpipe import deploy, render, view

        project = options.project([environment])
        with view.progress() as progress:
            run = render.begin(project, render.Options((environment,)), warm)
            made = render.render(run, progress)
    deploy.checks.valid(made)
    return project, made


def caller(project: Project, environment: Environment, session: Session) -> Identity:
    """Return whose credentials are used. Raise `Refused` unless they are of the environment's account."""
    from cfnpipe import deploy
    from cfnpipe.aws.beforehand import beforehand

    with beforehand():
        found = session.identity()
    deploy.checks.account(project, environment, found)
    return found
