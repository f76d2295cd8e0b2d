"""Pipelines as targets of events: what they are told, and by which role they are started.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that begin with `pipelines-`,
https://docs.aws.amazon.com/eventbridge/latest/userguide/ those that begin with `eb-`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import pipelines
from cfnpipe.validate.nodes import known_part, resources
from cfnpipe.validate.rights import allows, assumable, statements_of
from cfnpipe.validate.rules.transformers import filled
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action, Pipeline
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_REVISIONS = {
    "CodeCommit": ("COMMIT_ID",),
    "CodeStarSourceConnection": ("COMMIT_ID",),
    "ECR": ("IMAGE_DIGEST",),
    "GitHub": ("COMMIT_ID",),
    "S3": ("S3_OBJECT_KEY", "S3_OBJECT_VERSION_ID"),
}
"""What can be said of a source, by its provider: pipelines-trigger-source-overrides."""
_TOLD = ("sourceRevisions", "variables")
_STARTER = "codepipeline:StartPipelineExecution"
_EVENTS = "events.amazonaws.com"
_PSEUDO = re.compile(r"\$\{AWS::\w+\}")
_ROLE = re.compile(r"\$\{(\w+)\.Arn\}")


@dataclass(frozen=True)
class Target:
    """A target of a rule that is a pipeline."""

    node: Node
    pipeline: Pipeline | None
    """The pipeline, if the template has it."""

    @property
    def sources(self) -> dict[str | None, Action]:
        """The source actions of the pipeline by name; none for a pipeline that is elsewhere."""
        return self.pipeline.sources if self.pipeline else {}


def pipeline_input(view: StackView) -> Iterator[Finding]:
    """Find in what a rule tells a pipeline something that the pipeline does not take.

    It takes `{"sourceRevisions": [{"actionName", "revisionType", "revisionValue"}], "variables": [...]}`
    with source actions that it has and the type of revision of their provider, and only V2 takes any
    (pipelines-trigger-source-overrides,
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html).
    """
    for target in _targets(view):
        template = target.node["InputTransformer"]["InputTemplate"]
        node = template if template.present else target.node["Input"]
        told = filled(node)
        if told.present and known_part(node.text or ""):
            for message, hint in _wrong(target, told):
                yield Finding(message, node.pointer, hint)


def _wrong(target: Target, told: Node) -> Iterator[tuple[str, str]]:
    revisions = told["sourceRevisions"]
    if not told.is_object or not isinstance(revisions.value, list | None):
        message = "the pipeline is told no object with a list of sourceRevisions"
        yield message, 'write {"sourceRevisions": [{"actionName": "Source", ...}]}'
        return
    for key, _ in told.entries():
        if key not in _TOLD:
            yield f"a pipeline cannot be told {quoted(key)}", choice(key, _TOLD)
    if revisions.value and target.pipeline and target.pipeline.is_v1:
        yield "a pipeline of type V1 cannot be told sourceRevisions", "write PipelineType: V2"
    for revision in revisions.elements():
        for key in ("actionName", "revisionType", "revisionValue"):
            if not revision[key].present:
                yield f"a source revision has no {key}", f"{key} is required"
        yield from _revision(target.sources, revision)


def _revision(sources: dict[str | None, Action], revision: Node) -> Iterator[tuple[str, str]]:
    name, revision_type = revision["actionName"].fixed, revision["revisionType"].fixed
    if name is None or "<" in name or not sources or None in sources:
        return
    if name not in sources:
        known = [source for source in sources if source]
        yield f"the pipeline has no source action {quoted(name)}", choice(name, known)
    elif revision_type is not None:
        types = _REVISIONS.get(sources[name].type[2], ())
        if types and revision_type not in types:
            message = f"{sources[name].name} has no revisions of the type {quoted(revision_type)}"
            yield message, choice(revision_type, types)


def target_role(view: StackView) -> Iterator[Finding]:
    """Find a rule that is to start a pipeline and has no role to do so.

    EventBridge starts pipelines by the rights of a role and has none of its own (eb-use-identity-based).
    """
    for target in _targets(view):
        if target.node.is_object and not target.node["RoleArn"].present:
            yield Finding(
                "the target is a pipeline and has no RoleArn",
                target.node.pointer,
                f"name a role that {_EVENTS} may assume and that may do {_STARTER}",
            )


def starter_role(view: StackView) -> Iterator[Finding]:
    """Find a role by which a rule starts a pipeline that may not do so, or that EventBridge may not assume.

    For roles of the same template whose policies are all in it (eb-use-identity-based).
    """
    faults: dict[str, list[tuple[str, str]]] = {}
    for target in _targets(view):
        node = target.node["RoleArn"]
        if match := _ROLE.fullmatch(node.text or ""):
            if match[1] not in faults:
                faults[match[1]] = list(_cannot_start(view, match[1]))
            for message, hint in faults[match[1]]:
                yield Finding(message, node.pointer, hint)


def _cannot_start(view: StackView, name: str) -> Iterator[tuple[str, str]]:
    role = dict(resources(view, "AWS::IAM::Role")).get(name)
    if role is None:
        return
    statements = statements_of(view, name)
    if statements is not None and not allows(statements, _STARTER):
        yield f"the role {quoted(name)} may not start a pipeline", f"allow it {_STARTER}"
    if not assumable(role, _EVENTS):
        yield f"EventBridge may not assume the role {quoted(name)}", f"name {_EVENTS} in its trust policy"


def _targets(view: StackView) -> Iterator[Target]:
    found = list(pipelines(view))
    for _, rule in resources(view, "AWS::Events::Rule"):
        for node in rule["Targets"].elements():
            arn = node["Arn"].text or ""
            pipeline = next((each for each in found if _is(each, arn)), None)
            if pipeline or ":codepipeline:" in arn:
                yield Target(node, pipeline)


def _is(pipeline: Pipeline, arn: str) -> bool:
    """Return whether an ARN is the pipeline's, by its logical id or by its name."""
    written = pipeline.node["Name"].text
    by_name = {f"${{{pipeline.logical_id}}}", *([written] if written else [])}
    # Pseudo parameters that are not known have colons of their own.
    _, found, name = _PSEUDO.sub("", arn).rpartition(":")
    return arn == f"${{{pipeline.logical_id}.Arn}}" or (
        bool(found) and ":codepipeline:" in arn and name in by_name
    )
