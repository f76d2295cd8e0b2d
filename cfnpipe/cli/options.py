"""Options that several commands take, the project they work on, and the form of what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager

    from cfnpipe.aws import Bucket, Session
    from cfnpipe.model import Environment, Problem, Project

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_FORM = "cfnpipe.form"


def _environments(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments that begin so; by file name, because completion must be instant."""
    here = Path.cwd()
    found = (path for folder in (here, *here.parents) for path in (folder / "config").glob("[!_]*.yaml"))
    return sorted({path.stem for path in found if path.name.startswith(incomplete)})


def _remember(context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if context.meta.get(_FORM) == "json":  # --json was looked at before
        if value != "json" and context.get_parameter_source("form") is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--json and --format {value} contradict each other", context)
        return "json"
    context.meta[_FORM] = value
    return value


def _remember_json(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    context.meta[_FORM] = "json" if value else "text"
    return value


as_json = click.option(
    "--json", "as_json", is_flag=True, callback=_remember_json, help="Show the result as JSON."
)

environments = click.option(
    "-e",
    "--environment",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=_environments,
    help="Only this environment; may be given several times.  [default: all]",
)

one_environment = click.option(
    "-e",
    "--environment",
    metavar="ENV",
    shell_complete=_environments,
    help="Which environment.  [default: the first with a source]",
)

profile = click.option(
    "--profile", metavar="NAME", help="The profile whose credentials are used.  [default: AWS_PROFILE]"
)

environment = click.argument("environment", metavar="ENV", shell_complete=_environments)


def form(command: _Command) -> _Command:
    """Add `--json` and `--format`, which say in what form the command shows its result."""
    choice = click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "github"]),
        default="text",
        show_default=True,
        callback=_remember,
        help="github: problems as annotations of a pull request.",
    )
    shorthand = click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_remember_json,
        help="The same as --format json.",
    )
    return choice(shorthand(command))


def project(environments: Collection[str] = ()) -> Project:
    """Return the project around the working directory. Raise `BadInput` for an unknown environment."""
    from cfnpipe import config
    from cfnpipe.errors import BadInput
    from cfnpipe.wording import choice, quoted

    loaded = config.load(config.find(Path.cwd()))
    for name in environments:
        if name not in loaded.environments:
            raise BadInput(f"there is no environment {quoted(name)}", hint=choice(name, loaded.environments))
    return loaded


def turn(*, writing: bool) -> AbstractContextManager[None]:
    """Wait until no other command works below stacks/, and keep others waiting; say so if it takes time.

    What is read of the repository is read after that.
    """
    from cfnpipe import config, turns

    note = "waiting for another cfnpipe that is at work in this repository"
    root = config.find(Path.cwd())
    return turns.turn(root, writing=writing, wait=lambda: click.echo(note, err=True))


def form_of(context: click.Context) -> str:
    """Return the form in which the command was asked to show its result."""
    return str(context.meta.get(_FORM, "text"))


def show_problems(context: click.Context, problems: Iterable[Problem]) -> None:
    """Print problems where and how the command was asked to: lines on standard error, or annotations."""
    from cfnpipe import view

    if form_of(context) == "github":
        for line in view.github_annotations(problems):
            click.echo(line)
    else:
        view.show_problems(view.errors(), problems)


def source_bucket(environment: Environment, session: Session) -> Bucket:
    """Return an environment's source bucket, as `session` reaches it."""
    from cfnpipe import names
    from cfnpipe.aws import Bucket

    account = environment.account or ""
    return Bucket(session, names.bucket(environment.name, "source", account, environment.region), account)
