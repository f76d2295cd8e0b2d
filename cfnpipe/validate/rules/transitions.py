"""What starts a pipeline and what holds it: triggers, and transitions that are disabled.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/ has the pages that the rules name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import pipelines
from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_REASON = re.compile(r"[^a-zA-Z0-9!@ ().*?-]")
_LONGEST_REASON = 300


def disabled_transition(view: StackView) -> Iterator[Finding]:
    """Find a disabled transition into a stage that has none, or a reason that CodePipeline refuses.

    Nothing leads into the first stage. A reason has 1 to 300 characters, and no comma, colon,
    apostrophe or slash; CloudFormation fails over it only after it has made the pipeline
    (API_DisableStageTransition).
    """
    for pipeline in pipelines(view):
        names = [stage.node["Name"].fixed for stage in pipeline.stages]
        for transition in pipeline.node["DisableInboundStageTransitions"].elements():
            yield from _stage(transition["StageName"], names)
            yield from _reason(transition["Reason"])


def _stage(node: Node, names: list[str | None]) -> Iterator[Finding]:
    name = node.fixed
    if name is not None and name in names[:1]:
        message = f"{quoted(name)} is the first stage, and no transition leads into it"
        yield Finding(message, node.pointer, "name a later stage")
    elif name is not None and name not in names and None not in names:
        hint = choice(name, [known for known in names if known])
        yield Finding(f"the pipeline has no stage {quoted(name)}", node.pointer, hint)


def _reason(node: Node) -> Iterator[Finding]:
    known = known_part(node.text or "")
    if strange := sorted(set(_REASON.findall(known))):
        message = f"CodePipeline takes no reason with these characters: {printable(' '.join(strange[:10]))}"
        yield Finding(message, node.pointer, "use letters, digits, space and !@().*?-")
    elif len(known) > _LONGEST_REASON or node.fixed == "":
        message = f"the reason has {len(known)} characters; CodePipeline takes 1 to {_LONGEST_REASON}"
        yield Finding(message, node.pointer, "say in a few words why")


def trigger_source(view: StackView) -> Iterator[Finding]:
    """Find a trigger for a source action that the pipeline does not have, or that has no triggers.

    Only actions that read through a connection have them (API_GitConfiguration).
    """
    for pipeline in pipelines(view):
        sources = pipeline.sources
        for trigger in pipeline.node["Triggers"].elements():
            node = trigger["GitConfiguration"]["SourceActionName"]
            name = node.fixed
            if name is None or None in sources:
                continue
            if name not in sources:
                message = f"the pipeline has no source action {quoted(name)}"
                yield Finding(message, node.pointer, choice(name, [known for known in sources if known]))
            elif all(sources[name].type) and sources[name].provider != "CodeStarSourceConnection":
                message = f"the source action {quoted(name)} reads through no connection and has no triggers"
                yield Finding(message, node.pointer, "start the pipeline by an AWS::Events::Rule")
