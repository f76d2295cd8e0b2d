"""A pipeline's definition as the machine reads it: stages and actions in order, checked as by AWS."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline.catalogue import KINDS, MODES, Kind
from cfnpipe.rehearsal.codepipeline.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

APPROVAL_MINUTES = 7 * 24 * 60
"""How long an approval waits where the action does not say."""


@dataclass(frozen=True)
class Action:
    """One action of a stage."""

    name: str
    """Its name, unique in its stage."""
    kind: tuple[str, str]
    """Category and provider."""
    order: int
    """Actions of one run order run at the same time."""
    configuration: Mapping[str, str]
    """As declared, variables unresolved."""
    inputs: tuple[str, ...]
    """Names of input artifacts."""
    outputs: tuple[str, ...]
    """Names of output artifacts."""
    namespace: str
    """Under which name its variables are known, or empty."""
    role: str
    """The role of the action, or of the pipeline."""
    minutes: int
    """How long an approval waits."""
    declared: Mapping[str, Any]
    """The declaration, as the API has it."""

    @property
    def is_approval(self) -> bool:
        """Tell whether people decide it."""
        return self.kind == ("Approval", "Manual")

    @property
    def is_source(self) -> bool:
        """Tell whether it brings artifacts from outside."""
        return self.kind[0] == "Source"


@dataclass(frozen=True)
class Stage:
    """One stage."""

    name: str
    """Its name, unique in its pipeline."""
    actions: tuple[Action, ...]
    """As declared."""

    def orders(self) -> list[list[Action]]:
        """Return the actions in groups that run at the same time, in order."""
        numbers = sorted({action.order for action in self.actions})
        return [[action for action in self.actions if action.order == number] for number in numbers]


@dataclass(frozen=True)
class Definition:
    """One version of a pipeline."""

    declared: Mapping[str, Any]
    """The declaration, as the API has it, with its version."""
    stages: tuple[Stage, ...]
    """In order."""

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return str(self.declared["name"])

    @property
    def version(self) -> int:
        """From 1."""
        return int(self.declared["version"])

    @property
    def mode(self) -> str:
        """`SUPERSEDED` or `QUEUED`."""
        return str(self.declared["executionMode"])

    @property
    def role(self) -> str:
        """The pipeline's role."""
        return str(self.declared["roleArn"])

    @property
    def store(self) -> Mapping[str, Any]:
        """Where artifacts are kept: `location` and perhaps `encryptionKey`."""
        store: Mapping[str, Any] = self.declared["artifactStore"]
        return store

    @property
    def variables(self) -> Sequence[Mapping[str, str]]:
        """The declarations of its own variables: `name`, and perhaps `defaultValue`."""
        return self.declared.get("variables") or ()

    def sources(self) -> Iterator[Action]:
        """Yield the source actions."""
        yield from (action for action in self.stages[0].actions if action.is_source)

    def index(self, stage: str) -> int:
        """Return where a stage stands. Raise `Fault` if there is none of that name."""
        names = [each.name for each in self.stages]
        if stage not in names:
            text = f"The pipeline '{self.name}' does not have a stage with name '{stage}'"
            raise Fault("StageNotFoundException", text)
        return names.index(stage)


def read(declared: Mapping[str, Any], version: int) -> Definition:
    """Return a definition from its declaration, whose types are right. Raise `Fault` if it is wrong."""
    kind = declared.get("pipelineType") or "V1"
    mode = declared.get("executionMode") or "SUPERSEDED"
    whole = {**declared, "pipelineType": kind, "executionMode": mode, "version": version}
    stages = tuple(_stage(stage, declared["roleArn"]) for stage in declared["stages"])
    made = Definition(whole, stages)
    _check_pipeline(made)
    _check_flow(made)
    return made


def _stage(declared: Mapping[str, Any], role: str) -> Stage:
    for key in ("blockers", "beforeEntry", "onFailure", "onSuccess"):
        if declared.get(key):
            text = f"stage {declared['name']} has {key}, which the rehearsal does not know"
            raise Fault("InvalidStageDeclarationException", text)
    return Stage(declared["name"], tuple(_action(action, role) for action in declared["actions"]))


def _action(declared: Mapping[str, Any], role: str) -> Action:
    given = declared["actionTypeId"]
    action = Action(
        name=declared["name"],
        kind=(given["category"], given["provider"]),
        order=declared.get("runOrder") or 1,
        configuration=declared.get("configuration") or {},
        inputs=tuple(each["name"] for each in declared.get("inputArtifacts") or ()),
        outputs=tuple(each["name"] for each in declared.get("outputArtifacts") or ()),
        namespace=declared.get("namespace") or "",
        role=declared.get("roleArn") or role,
        minutes=declared.get("timeoutInMinutes") or APPROVAL_MINUTES,
        declared=declared,
    )
    known = KINDS.get(action.kind) if (given["owner"], given["version"]) == ("AWS", "1") else None
    if known is None:
        text = (
            f"ActionType (Category: '{given['category']}', Provider: '{given['provider']}', "
            f"Owner: '{given['owner']}', Version: '{given['version']}') "
            f"in action '{action.name}' is not available"
        )
        raise _wrong(text)
    _check_action(action, known)
    return action


def _wrong(text: str) -> Fault:
    return Fault("InvalidActionDeclarationException", text)


def _check_action(action: Action, kind: Kind) -> None:
    given = action.configuration
    required = kind.required | MODES.get(given.get("ActionMode", ""), frozenset())
    for key in sorted(required - set(given)):
        raise _wrong(
            f"Action configuration for action '{action.name}' is missing required configuration '{key}'"
        )
    for key in sorted(set(given) - kind.required - kind.optional):
        raise _wrong(
            f"Action configuration for action '{action.name}' contains unknown configuration '{key}'"
        )
    for what, names, allowed in (
        ("input", action.inputs, kind.inputs),
        ("output", action.outputs, kind.outputs),
    ):
        if len(names) not in allowed:
            raise _wrong(
                f"Action '{action.name}' has {len(names)} {what} artifacts, it takes "
                f"{allowed.start} to {allowed.stop - 1}"
            )
    if action.kind == ("Deploy", "CloudFormation") and given["ActionMode"] not in MODES:
        raise _wrong(f"Action '{action.name}': ActionMode '{given['ActionMode']}' is not valid")
    if "timeoutInMinutes" in action.declared and not action.is_approval:
        raise _wrong(f"Action '{action.name}' cannot have timeoutInMinutes: it is no approval")
    for key in ("commands", "outputVariables", "environmentVariables", "region"):
        if action.declared.get(key):
            raise _wrong(f"Action '{action.name}' has {key}, which the rehearsal does not know")


def _check_pipeline(made: Definition) -> None:
    declared, stages = made.declared, made.stages
    if len(stages) < 2:  # noqa: PLR2004 - AWS's number
        text = (
            f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages in a pipeline"
        )
        raise _broken(text)
    _unique("stage", [stage.name for stage in stages])
    for stage in stages:
        if not stage.actions:
            raise Fault("InvalidStageDeclarationException", f"Stage '{stage.name}' has no actions")
        _unique("action", [action.name for action in stage.actions])
    if not declared.get("artifactStore") or declared.get("artifactStores"):
        raise _broken("A pipeline in one region has an artifactStore, and no artifactStores")
    if declared["executionMode"] == "PARALLEL":
        raise _broken("The rehearsal does not know the execution mode PARALLEL")
    if declared["pipelineType"] == "V1" and (declared["executionMode"] != "SUPERSEDED" or made.variables):
        raise _broken("Pipelines of type V1 have the execution mode SUPERSEDED and no variables")
    if declared.get("triggers"):
        raise _broken("The rehearsal does not know triggers")


def _broken(text: str) -> Fault:
    return Fault("InvalidStructureException", text)


def _unique(what: str, names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise _broken(f"Duplicate {what} name '{name}'")


def _check_flow(made: Definition) -> None:
    """Check where sources stand, and that every artifact that is read has been written before."""
    first, *others = made.stages
    if not all(action.is_source for action in first.actions):
        raise _broken("Pipeline should start with a stage that only contains source actions")
    for action in (action for stage in others for action in stage.actions if action.is_source):
        raise _broken(f"Source action '{action.name}' stands in a stage that is not the first")
    actions = [action for stage in made.stages for action in stage.actions]
    _unique("output artifact", [name for action in actions for name in action.outputs])
    _unique("namespace", [action.namespace for action in actions if action.namespace])
    taken = {"codepipeline"} | ({"variables"} if made.variables else set())
    for action in actions:
        if action.namespace in taken:
            raise _wrong(f"Action '{action.name}': the namespace '{action.namespace}' is reserved")
    written: set[str] = set()
    for group in (group for stage in made.stages for group in stage.orders()):
        for action in group:
            _check_reads(action, written)
        written.update(name for action in group for name in action.outputs)


def _check_reads(action: Action, written: set[str]) -> None:
    for name in action.inputs:
        if name not in written:
            raise _wrong(
                f"Input artifact '{name}' of action '{action.name}' is no output of an earlier action"
            )
    for key in ("TemplatePath", "TemplateConfiguration"):
        path = action.configuration.get(key)
        if path is None:
            continue
        artifact, mark, file = path.partition("::")
        if not (mark and file and artifact in action.inputs):
            raise _wrong(f"Action '{action.name}': {key} '{path}' names no file of an input artifact")
