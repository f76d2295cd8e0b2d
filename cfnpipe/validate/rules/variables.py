"""Variables: `#{Namespace.Name}` in what an action or a rule is told.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import pipelines
from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action, Pipeline
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_VARIABLE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")
_RESERVED = ("codepipeline", "variables")
_START, _END = 0, 1_000
"""Run orders before and after those of a stage's actions, which are 1 to 999."""


def variable_reference(view: StackView) -> Iterator[Finding]:
    """Find a variable that nothing makes, or that is not there yet when it is used.

    There are `#{codepipeline.PipelineExecutionId}`, `#{variables.NAME}` of the pipeline's own, and those
    of an action with a namespace, in later stages and at higher `RunOrder`. An unknown one makes the
    action fail. Source actions resolve none.
    """
    for pipeline in pipelines(view):
        producers = {action.node["Namespace"].text: action for action in reversed(pipeline.actions)}
        producers.pop(None, None)
        for node, when in _texts(pipeline):
            for namespace, name in sorted(set(_VARIABLE.findall(node.text or ""))):
                if namespace == "variables":
                    yield from _undeclared(pipeline, node, name)
                elif namespace not in _RESERVED:
                    yield from _unproduced(producers, node, namespace, when)


def _undeclared(pipeline: Pipeline, node: Node, name: str) -> Iterator[Finding]:
    declared = pipeline.node["Variables"]
    names = [variable["Name"].fixed for variable in declared.elements()]
    if name not in names and None not in names and not declared.is_intrinsic:
        hint = choice(name, [known for known in names if known])
        yield Finding(f"the pipeline has no variable {quoted(name)}", node.pointer, hint)


def _unproduced(
    producers: dict[str | None, Action], node: Node, namespace: str, when: tuple[int, int]
) -> Iterator[Finding]:
    known = [name for name in producers if name]
    producer = producers.get(namespace)
    if producer and (producer.stage, producer.order) >= when:
        message = f"{producer.name} has not made the variables of {quoted(namespace)} yet"
        yield Finding(message, node.pointer, "use them in a later stage, or at a higher RunOrder")
    elif not producer and all(known_part(name) == name for name in known):
        message = f"no action has the namespace {quoted(namespace)}"
        yield Finding(message, node.pointer, choice(namespace, [*known, *_RESERVED]))


def _texts(pipeline: Pipeline) -> Iterator[tuple[Node, tuple[int, int]]]:
    """Yield each text in which variables are resolved, and when: at which stage and order."""
    for stage in pipeline.stages:
        for action in stage.actions:
            for text in () if action.is_source else _told(action.node):
                yield text, (action.stage, action.order)
        for place, _, rule in stage.rules():
            for text in _told(rule):
                yield text, (stage.position, _START if place == "BeforeEntry" else _END)


def _told(node: Node) -> Iterator[Node]:
    for _, value in node["Configuration"].entries():
        yield value
    yield from node["Commands"].elements()
    for variable in node["EnvironmentVariables"].elements():
        yield variable["Value"]


def variable_namespace(view: StackView) -> Iterator[Finding]:
    """Find a namespace that is reserved, an artifact's name, or another action's.

    `codepipeline` and `variables` are CodePipeline's own.
    """
    for pipeline in pipelines(view):
        taken = dict.fromkeys(_RESERVED, "is reserved") | _artifacts(pipeline)
        for action in pipeline.actions:
            node = action.node["Namespace"]
            if node.fixed is None:
                continue
            # The same action may stand in both outcomes of a choice.
            own = f"belongs to {action.name}"
            if taken.setdefault(node.fixed, own) != own:
                message = f"the namespace {quoted(node.fixed)} {taken[node.fixed]}"
                yield Finding(message, node.pointer, "choose another name")


def _artifacts(pipeline: Pipeline) -> dict[str, str]:
    names = (
        artifact["Name"].fixed
        for action in pipeline.actions
        for artifact in action.node["OutputArtifacts"].elements()
    )
    return {name: "is the name of an artifact" for name in names if name}
