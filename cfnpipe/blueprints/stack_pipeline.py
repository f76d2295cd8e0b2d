"""The pipeline of one stack and the rule that starts it.

Create the change set, approve it, execute it and protect the stack stand in one stage: a stage that
holds an approval is locked, so that what is approved is what is executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import Sub
from troposphere.codepipeline import DisableInboundStageTransitions
from troposphere.events import Rule

from cfnpipe import console, names
from cfnpipe.blueprints import parts, people, pipeline, roles, sources
from cfnpipe.model import INIT_STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from troposphere.codepipeline import Actions, Pipeline

    from cfnpipe.blueprints.found import Found
    from cfnpipe.model import Environment

HELD = "The first run is held until the configuration says so no longer."
"""At most 300 characters, and only some of them: letters, digits, spaces and !@().*?- ."""


PROTECTED = " Stack policy and termination protection are then set as protection.json says."
"""What an approval says of a stack with protection: the question is about more than a change set."""


def resources(environment: Environment, holder: str, name: str, found: Found) -> list[Pipeline | Rule]:
    """Return the pipeline of the stack `name` and its rule, as the init stack `holder` holds them.

    A stack that retires has no rule: its pipeline runs once because its definition changed, and then
    only when somebody starts it.
    """
    made = _pipeline(environment, holder, name, found)
    if environment.stacks[name].retire:
        return [made]
    return [made, _rule(environment, holder, name, made, found)]


def _pipeline(environment: Environment, holder: str, name: str, found: Found) -> Pipeline:
    stack = environment.stacks[name]
    steps = _retire if stack.retire else _deploy
    stages = [
        pipeline.stage(names.SOURCE, _sources(environment, name, found), ordered=False),
        pipeline.stage(names.DEPLOY, list(steps(environment, name, found))),
    ]
    more: dict[str, Any] = {"Tags": _tags(environment, holder, name)}
    if stack.retire:
        more["RestartExecutionOnUpdate"] = True
    if stack.hold_first_run:
        hold = DisableInboundStageTransitions(StageName=names.DEPLOY, Reason=HELD)
        more["DisableInboundStageTransitions"] = [hold]
    title, called = f"{names.logical_id(name)}Pipeline", names.pipeline(environment.name, name)
    role = parts.imported(environment, roles.title(f"{_kind(name)}-pipelines"))
    return pipeline.pipeline(title, called, role, found, stages, **more)


def _rule(environment: Environment, holder: str, name: str, started: Pipeline, found: Found) -> Rule:
    split = environment.stacks[name].sources == "split"
    key = names.configuration_key(name) if split else names.bundle_key(name)
    return Rule(
        f"{names.logical_id(name)}Rule",
        Name=names.owned(environment.name, name),
        Description=f"Starts {started.Name} when {key} changes.",
        State="ENABLED",
        EventPattern=sources.object_created(found.source, key),
        Targets=[pipeline.target(environment, started)],
        Tags=_tags(environment, holder, name),
    )


def _tags(environment: Environment, holder: str, name: str) -> Any:
    return parts.tags(environment, holder, **{"cfnpipe:stack": name})


def _kind(name: str) -> str:
    return "init" if name in INIT_STACKS else "stack"


def _deployer(environment: Environment, name: str) -> Any:
    return parts.imported(environment, roles.title(f"{_kind(name)}-deployer"))


def _sources(environment: Environment, name: str, found: Found) -> list[Actions]:
    keys = {"Bundle": names.bundle_key(name)}
    if environment.stacks[name].sources == "split":
        keys = {"Template": names.template_key(name), "Configuration": names.configuration_key(name)}
    return [
        pipeline.source(artifact, "S3", sources.s3_configuration(found.source, key))
        for artifact, key in keys.items()
    ]


def _artifacts(environment: Environment, name: str) -> tuple[str, str]:
    """Return the artifact with the template, and that with the configuration and the protection."""
    split = environment.stacks[name].sources == "split"
    return ("Template", "Configuration") if split else ("Bundle", "Bundle")


def _deploy(environment: Environment, name: str, found: Found) -> Iterator[Actions]:
    yield _create(environment, name)
    deployed, change_set = _deployed(environment, name), names.CHANGE_SET
    protected = bool(environment.stacks[name].protection)
    afterwards = PROTECTED if protected else ""
    question = f"Execute change set {change_set} of stack {deployed}?{afterwards}"
    yield from _approvals(environment, name, found, question)
    yield pipeline.cloudformation(
        "ExecuteChangeSet", "CHANGE_SET_EXECUTE", deployed, ChangeSetName=change_set
    )
    _, artifact = _artifacts(environment, name)
    if protected:
        yield pipeline.build("Protect", found.protect, artifact, CFNPIPE_STACK=deployed)
    if name in INIT_STACKS:
        yield pipeline.build("Resume", found.resume, artifact)


def _create(environment: Environment, name: str) -> Actions:
    template, configuration = _artifacts(environment, name)
    capabilities = environment.stacks[name].capabilities
    more = {"Capabilities": ",".join(capabilities)} if capabilities else {}
    return pipeline.cloudformation(
        "CreateChangeSet",
        "CHANGE_SET_REPLACE",
        _deployed(environment, name),
        list(dict.fromkeys([template, configuration])),
        ChangeSetName=names.CHANGE_SET,
        RoleArn=_deployer(environment, name),
        TemplatePath=f"{template}::template.json",
        TemplateConfiguration=f"{configuration}::configuration.json",
        **more,
    )


def _retire(environment: Environment, name: str, found: Found) -> Iterator[Actions]:
    deployed, (_, artifact) = _deployed(environment, name), _artifacts(environment, name)
    yield from _approvals(environment, name, found, f"DELETE stack {deployed} and everything in it?")
    yield pipeline.build(
        "Unprotect", found.protect, artifact, CFNPIPE_STACK=deployed, CFNPIPE_PROTECTION="off"
    )
    yield pipeline.cloudformation(
        "DeleteStack", "DELETE_ONLY", deployed, RoleArn=_deployer(environment, name)
    )


def _deployed(environment: Environment, name: str) -> str:
    return names.cloudformation_stack(environment.name, name)


def _approvals(environment: Environment, name: str, found: Found, question: str) -> Iterator[Actions]:
    """Yield one approval for each review, in order; its text names the policy that may decide.

    The policy is imported, so that a pipeline cannot ask for an approval that nobody could give.
    """
    called = names.pipeline(environment.name, name)
    link = console.execution(environment.region, called, "#{codepipeline.PipelineExecutionId}")
    taken = " and ".join(map(pipeline.version, dict.fromkeys(_artifacts(environment, name))))
    look = (
        f"The commit: see the link; its version in S3: {taken}."
        f" The changes: cfnpipe changes {environment.name} {name}."
    )
    for review in environment.review:
        text = (
            f"{question} Environment {environment.name}, review {review}. {look} To decide takes ${{Policy}}."
        )
        policy = parts.imported(environment, people.title(review))
        yield pipeline.approval(names.approval(review), found.topic, Sub(text, Policy=policy), link)
