"""The configuration of an action: keys and values that its provider takes.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions
from cfnpipe.validate.catalogue import MODES
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.texts import unfit_text
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action
    from cfnpipe.validate.catalogue import Kind
    from cfnpipe.validate.subject import StackView

_BESIDE = ("Commands", "EnvironmentVariables", "OutputVariables")
_LONGEST_VALUE = 1_000
_CAPABILITIES = ("CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
_RESOLVED = re.compile(r"#\{[^}]*\}|\$\{[^}]*\}")
"""What stands in a name for something that is known later."""
_LONGEST_NAME = 128


def unknown_configuration_key(view: StackView) -> Iterator[Finding]:
    """Find a key in an action's configuration that its provider does not know (action-reference).

    CloudFormation takes any key; CodePipeline refuses the pipeline.
    """
    for action in actions(view):
        if action.kind:
            for key, node in action.configuration.entries():
                if key not in action.kind.keys:
                    message = f"{action.name} has no configuration key {quoted(key)}"
                    yield Finding(message, node.pointer, _instead(key, action, action.kind))


def _instead(key: str, action: Action, known: Kind) -> str:
    if action.provider == "Commands" and key in _BESIDE:
        return f"write {key} beside Configuration, not in it"
    return choice(key, known.keys)


def missing_configuration_key(view: StackView) -> Iterator[Finding]:
    """Find an action whose configuration lacks a key that its provider cannot do without.

    For CloudFormation that depends on `ActionMode`: to create a change set needs `ChangeSetName`,
    `TemplatePath` and `RoleArn`, to execute it `ChangeSetName` (action-reference,
    action-reference-CloudFormation).
    """
    for action in actions(view):
        configuration = action.configuration
        if action.kind and (configuration.is_object or not configuration.present):
            node = configuration if configuration.present else action.node
            for key in sorted(action.kind.required | MODES.get(action.mode, frozenset())):
                if not configuration[key].present:
                    hint = f"{key} is required" + (f" for {action.mode}" if action.mode else "")
                    yield Finding(f"{action.name} has no {key}", node.pointer, hint)


def configuration_value(view: StackView) -> Iterator[Finding]:
    """Find a value in an action's configuration that is not a string of 1 to 1,000 characters.

    CloudFormation makes text of numbers and booleans by itself: a warning. The length is that of the
    text as written, before CodePipeline resolves `#{...}` in it (API_ActionDeclaration).
    """
    for action in actions(view):
        for key, node in action.configuration.entries():
            yield from unfit_text(node, f"{quoted(key)} of {action.name}", _LONGEST_VALUE)


def action_mode(view: StackView) -> Iterator[Finding]:
    """Find a CloudFormation action with a mode that does not exist (action-reference-CloudFormation)."""
    for action in actions(view):
        node = action.configuration["ActionMode"]
        if action.provider == "CloudFormation" and node.fixed is not None and not action.mode:
            message = f"CloudFormation actions have no mode {quoted(node.fixed)}"
            yield Finding(message, node.pointer, choice(node.fixed, MODES))


def cloudformation_name(view: StackView) -> Iterator[Finding]:
    """Find a name of a stack or change set that CloudFormation refuses.

    It begins with a letter and has letters, digits and hyphens, at most 128
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html).
    """
    for action in actions(view):
        for key in ("StackName", "ChangeSetName"):
            node = action.configuration[key]
            if action.provider == "CloudFormation" and node.text and not _is_name(node.text):
                message = f"{quoted(node.text)} is not a {key} that CloudFormation takes"
                hint = "begin with a letter; use letters, digits and hyphens, at most 128"
                yield Finding(message, node.pointer, hint)


def _is_name(text: str) -> bool:
    known = _RESOLVED.sub("", text)
    # What is resolved later may begin the name, as long as the rest could follow.
    complete = f"A{known}" if _RESOLVED.match(text) else known
    return len(known) <= _LONGEST_NAME and bool(re.fullmatch("[A-Za-z][A-Za-z0-9-]*|arn:.*", complete))


def capabilities_list(view: StackView) -> Iterator[Finding]:
    """Find capabilities that do not exist, or with a space after the comma.

    See action-reference-CloudFormation.
    """
    for action in actions(view):
        node = action.configuration["Capabilities"]
        if not action.provider.startswith("CloudFormation") or not node.fixed:
            continue
        if re.search(r"\s", node.fixed):
            yield Finding("the capabilities hold spaces", node.pointer, "write a comma without a space")
        for name in node.fixed.split(","):
            if name.strip() not in _CAPABILITIES:
                message = f"CloudFormation has no capability {quoted(name.strip())}"
                yield Finding(message, node.pointer, choice(name.strip(), _CAPABILITIES))
