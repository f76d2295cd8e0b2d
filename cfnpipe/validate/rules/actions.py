"""One action: that its provider exists, and what source actions have to say.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions
from cfnpipe.validate.catalogue import ACTIONS
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_OWNERS = ("AWS", "Custom", "ThirdParty")
_POLLING = ("CodeCommit", "GitHub", "S3")


def action_type(view: StackView) -> Iterator[Finding]:
    """Find an action whose category, owner, provider or version does not exist.

    CloudFormation takes any text, and CodePipeline then refuses the pipeline. Owner `Custom`, and
    providers of `ThirdParty` that the catalogue does not have, are left alone
    (actions-valid-providers).
    """
    for action in actions(view):
        type_id = action.node["ActionTypeId"]
        category, owner, provider = action.type
        if owner and owner not in _OWNERS:
            message = f"no action has the owner {quoted(owner)}"
            yield Finding(message, type_id["Owner"].pointer, choice(owner, _OWNERS))
        if category and owner == "AWS" and provider and not action.kind:
            yield _unknown_provider(type_id["Provider"], category, provider)
        yield from _wrong_version(type_id["Version"], owner)


def _unknown_provider(node: Node, category: str, provider: str) -> Finding:
    categories = sorted(other for other, *rest in ACTIONS if rest == ["AWS", provider])
    if categories:
        hint = f"its category is {' or '.join(categories)}"
        return Finding(f"{provider} is not an action of the category {quoted(category)}", node.pointer, hint)
    providers = [name for other, owner, name in ACTIONS if (other, owner) == (category, "AWS")]
    message = f"the category {quoted(category)} has no provider {quoted(provider)}"
    return Finding(message, node.pointer, choice(provider, providers))


def _wrong_version(node: Node, owner: str) -> Iterator[Finding]:
    if node.present and node.text is None:
        message = f"the version must be a string, not {kind(node.value)}"
        yield Finding(message, node.pointer, 'write "1"', severity=node.no_text)
    elif owner == "AWS" and node.fixed not in (None, "1"):
        yield Finding(
            f"no action of AWS has the version {quoted(node.fixed or '')}", node.pointer, 'write "1"'
        )


def polling_source(view: StackView) -> Iterator[Finding]:
    """Find a source action that polls, or does not say that it does not.

    Without `PollForSourceChanges` it does: it starts the pipeline a second time beside the event, and a
    region takes 300 polling pipelines (action-reference-S3, action-reference-CodeCommit,
    update-change-detection).
    """
    for action in actions(view):
        node = action.configuration["PollForSourceChanges"]
        if action.is_source and action.type[2] in _POLLING and (not node.present or node.says_true):
            yield Finding(
                f"{action.name} polls its source",
                node.pointer if node.present else action.configuration.pointer,
                'write PollForSourceChanges: "false", and start the pipeline by an event',
            )


def object_key_override(view: StackView) -> Iterator[Finding]:
    """Find a source action that reads whatever object the start of an execution names.

    With `AllowOverrideForS3ObjectKey`, whoever may start the pipeline chooses what it deploys
    (action-reference-S3).
    """
    for action in actions(view):
        node = action.configuration["AllowOverrideForS3ObjectKey"]
        if node.says_true:
            message = f"whoever starts the pipeline can make {action.name} read another object"
            yield Finding(message, node.pointer, 'write "false"')
