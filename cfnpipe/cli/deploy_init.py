"""`cfnpipe deploy-init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cfnpipe.cli import deploying, options
from cfnpipe.cli.dialogue import Terminal

if TYPE_CHECKING:
    from cfnpipe import deploy
    from cfnpipe.aws import Session
    from cfnpipe.model import Environment
    from cfnpipe.model.deployment import Bootstrapped, Identity


@click.command("deploy-init")
@options.environment
@click.option("--update", is_flag=True, help="Change init stacks that have pipelines of their own.")
@click.option("--dry-run", is_flag=True, help="Show the change sets, and execute none.")
@click.option("--policy", is_flag=True, help="Print the IAM policy that whoever does this needs, and end.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the connection and the pipelines.")
@options.profile
@options.as_json
@click.option("--yes", is_flag=True, help="Do it without asking.")
def deploy_init(  # noqa: PLR0913 - one argument an option
    *,
    environment: str,
    update: bool,
    dry_run: bool,
    policy: bool,
    no_wait: bool,
    profile: str | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Set up the change process of ENV: its stacks access and sync, once, by hand.

    The first sync brings the third, pipelines; approving it makes the pipelines of all other stacks. The
    command may be interrupted and run again at any time: it goes on where AWS is.
    """
    from cfnpipe import deploy
    from cfnpipe.aws import Session

    if policy:
        _show_policy(environment, profile)
        return
    project, rendering = deploying.rendering(environment)
    chosen = project.environments[environment]
    deploy.checks.source(project, chosen)
    deploy.checks.committed(rendering, chosen)
    session = Session(chosen.region, profile)
    caller = deploying.caller(project, chosen, session)
    rendered = {stack.stack: stack for stack in rendering.stacks}
    dialogue = Terminal(yes=yes or dry_run)
    dialogue.note(f"{caller.arn} in account {caller.account}, region {chosen.region}")
    asked = deploy.Bootstrap(chosen, rendered, caller, update=update, dry_run=dry_run, wait=not no_wait)
    cloud, process = _doors(chosen, session)
    outcome = deploy.bootstrap(asked, cloud, process, dialogue)
    _show(chosen, outcome, caller, as_json=as_json)


def _show_policy(environment: str, profile: str | None) -> None:
    """Print what the command's caller must be allowed, as a policy; AWS is not asked."""
    from cfnpipe import deploy, view
    from cfnpipe.aws import Session
    from cfnpipe.aws.beforehand import beforehand
    from cfnpipe.blueprints import bootstrapper

    project = options.project([environment])
    chosen = project.environments[environment]
    deploy.checks.source(project, chosen)
    with beforehand():
        partition = Session(chosen.region, profile).partition
    view.show_json(view.output(), bootstrapper.policy(chosen, partition))


def _doors(environment: Environment, session: Session) -> tuple[deploy.Cloud, deploy.Process]:
    """Return CloudFormation in the environment's account, and the parts of the process that are watched."""
    from cfnpipe import deploy
    from cfnpipe.aws.cloudformation import Stacks
    from cfnpipe.aws.codepipeline import Pipelines

    cloud = deploy.Cloud(Stacks(session), environment.region, profile=session.profile)
    return cloud, deploy.Process(session, Pipelines(session), options.source_bucket(environment, session))


def _show(environment: Environment, outcome: Bootstrapped, caller: Identity, *, as_json: bool) -> None:
    from cfnpipe import view

    if as_json:
        view.show_json(view.output(), view.bootstrap_document(environment, outcome, caller))
    else:
        view.show_brought(view.output(), outcome.stacks)
        view.show_next(view.output(), view.next_steps(environment, outcome))
