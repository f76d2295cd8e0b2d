"""Actions and rules that run shell commands without a build project.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions, stages
from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_MOST_COMMANDS = 50
_LONGEST_COMMAND = 1_000
_MOST_VARIABLES = {"OutputVariables": 15, "EnvironmentVariables": 10}


def commands_input(view: StackView) -> Iterator[Finding]:
    """Find a Commands action without an input artifact; it needs 1 to 10 (action-reference-Commands)."""
    for action in actions(view):
        inputs = action.node["InputArtifacts"]
        if action.provider == "Commands" and (not inputs.present or inputs.value == []):
            yield Finding(f"{action.name} has no input artifact", action.node.pointer, "add InputArtifacts")


def commands_count(view: StackView) -> Iterator[Finding]:
    """Find a Commands action, or a Commands rule of a condition, without 1 to 50 commands.

    See action-reference-Commands, rule-reference-Commands, API_ActionDeclaration.
    """
    for name, node in _running(view):
        commands = node["Commands"]
        count = len(list(commands.elements()))
        misplaced = node["Configuration"]["Commands"].present
        if not commands.is_intrinsic and not misplaced and not 1 <= count <= _MOST_COMMANDS:
            message = f"{name} has {count or 'no'} commands; CodePipeline takes 1 to {_MOST_COMMANDS}"
            pointer = commands.pointer if commands.present else node.pointer
            yield Finding(
                message, pointer, "call a script that is in the artifact" if count else "add Commands"
            )


def command_line(view: StackView) -> Iterator[Finding]:
    """Find a command that is not one line of 1 to 1,000 characters.

    See action-reference-Commands, rule-reference-Commands, API_ActionDeclaration.
    """
    for name, node in _running(view):
        for position, command in enumerate(node["Commands"].elements(), start=1):
            known = known_part(command.text or "")
            if len(known.splitlines()) > 1:
                message = f"command {position} of {name} has {len(known.splitlines())} lines"
                yield Finding(message, command.pointer, "write each line as a command of its own")
            elif len(known) > _LONGEST_COMMAND or command.fixed == "":
                message = f"command {position} of {name} has {len(known):,} characters, not 1 to 1,000"
                yield Finding(message, command.pointer, "call a script that is in the artifact")


def _running(view: StackView) -> Iterator[tuple[str, Node]]:
    for stage in stages(view):
        for action in stage.actions:
            if action.provider == "Commands":
                yield action.name, action.node
        for _, _, rule in stage.rules():
            if rule["RuleTypeId"]["Provider"].fixed == "Commands":
                yield quoted(rule["Name"].text or "?"), rule


def misplaced_commands(view: StackView) -> Iterator[Finding]:
    """Find commands or output variables of an action other than Commands.

    See action-reference-Commands.
    """
    for action in actions(view):
        for key in ("Commands", "OutputVariables"):
            node = action.node[key]
            if all(action.type) and action.provider != "Commands" and node.present:
                message = f"{action.name} has {key}, which only Commands actions have"
                yield Finding(message, node.pointer, "leave it out")


def variable_count(view: StackView) -> Iterator[Finding]:
    """Find an action with more than 15 output variables or 10 environment variables.

    See API_ActionDeclaration.
    """
    for action in actions(view):
        for key, most in _MOST_VARIABLES.items():
            count = len(list(action.node[key].elements()))
            if count > most:
                message = f"{action.name} has {count} {key}; CodePipeline takes {most}"
                yield Finding(message, action.node[key].pointer, "take some away")
