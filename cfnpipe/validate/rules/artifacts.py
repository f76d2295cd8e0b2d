"""What an action reads: the artifacts that its configuration names, and overrides of parameters.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions
from cfnpipe.validate.nodes import known_part
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind, size
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.anatomy import Action
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_FILES = {
    "CloudFormation": ("TemplatePath", "TemplateConfiguration"),
    "CloudFormationStackSet": ("TemplatePath",),
}
"""Keys whose value is `Artifact::file`."""
_ARTIFACTS = {
    "CodeBuild": ("PrimarySource",),
    "CodeDeployToECS": (
        "TaskDefinitionTemplateArtifact",
        "AppSpecTemplateArtifact",
        *(f"Image{n}ArtifactName" for n in range(1, 5)),
    ),
}
"""Keys whose value is the name of an artifact."""
_MOST_OVERRIDES = 1_024


def unknown_artifact(view: StackView) -> Iterator[Finding]:
    """Find an artifact in an action's configuration that is not an input of that action.

    `TemplatePath`, `TemplateConfiguration` and `ParameterOverrides` of CloudFormation, `PrimarySource`
    of CodeBuild, the artifacts of CodeDeployToECS. CodePipeline finds out while it runs; cfn-lint looks
    at `TemplatePath` only (action-reference).
    """
    for action in actions(view):
        inputs = [artifact["Name"].fixed for artifact in action.node["InputArtifacts"].elements()]
        if None not in inputs and not action.node["InputArtifacts"].is_intrinsic:
            known = [name for name in inputs if name]
            for node, name in _named(action):
                if name not in known:
                    message = f"{action.name} names the artifact {quoted(name)}, which is none of its inputs"
                    hint = choice(name, known) if known else "add it to InputArtifacts"
                    yield Finding(message, node.pointer, hint)


def _named(action: Action) -> Iterator[tuple[Node, str]]:
    for key in _FILES.get(action.provider, ()):
        artifact, colons, _ = (action.configuration[key].text or "").partition("::")
        if colons and known_part(artifact) == artifact:
            yield action.configuration[key], artifact
    for key in _ARTIFACTS.get(action.provider, ()):
        if artifact := action.configuration[key].fixed or "":
            yield action.configuration[key], artifact
    if action.provider == "CloudFormation":
        overrides = action.configuration["ParameterOverrides"]
        for _, value in overrides.parsed().entries():
            if (reference := _reference(value)) and reference[0]:
                yield overrides, reference[0]


def _reference(node: Node) -> list[str] | None:
    """Return what follows `Fn::GetParam` or `Fn::GetArtifactAtt`, the artifact first; None without it."""
    match node.value:
        case {"Fn::GetParam": [str(), str(), str()] as names}:
            return list(names)
        case {"Fn::GetArtifactAtt": [str(), str()] as names}:
            return list(names)
    return None


def artifact_path(view: StackView) -> Iterator[Finding]:
    """Find a template or a template configuration that is not `Artifact::file`.

    See action-reference-CloudFormation.
    """
    for action in actions(view):
        for key in _FILES.get(action.provider, ()):
            node = action.configuration[key]
            if node.fixed and not all(node.fixed.partition("::")):
                message = (
                    f"{key} of {action.name} is {quoted(node.fixed)}, which is not a file of an artifact"
                )
                yield Finding(message, node.pointer, "write Artifact::path/of/file")


def primary_source(view: StackView) -> Iterator[Finding]:
    """Find a CodeBuild action with several inputs that does not say in which one the build starts.

    See action-reference-CodeBuild.
    """
    for action in actions(view):
        count = len(list(action.node["InputArtifacts"].elements()))
        several = action.provider == "CodeBuild" and count > 1 and action.configuration.is_object
        if several and not action.configuration["PrimarySource"].present:
            message = f"{action.name} has {count} inputs and no PrimarySource"
            yield Finding(message, action.configuration.pointer, "name the input in which the build starts")


def parameter_overrides(view: StackView) -> Iterator[Finding]:
    """Find `ParameterOverrides` that is not a JSON object of strings, or has more than 1,024 bytes.

    A value may also be `Fn::GetParam` (artifact, file, key) or `Fn::GetArtifactAtt` (artifact,
    attribute), which CodePipeline resolves (action-reference-CloudFormation, limits, and
    continuous-delivery-codepipeline-parameter-override-functions in the CloudFormation User Guide).
    """
    for action in actions(view):
        node = action.configuration["ParameterOverrides"]
        if action.provider == "CloudFormation" and node.text and known_part(node.text):
            count = size(known_part(node.text))
            if count > _MOST_OVERRIDES:
                message = f"{count:,} bytes of ParameterOverrides; CodePipeline takes {_MOST_OVERRIDES:,}"
                yield Finding(message, node.pointer, "put what does not change into the configuration")
            yield from _wrong_overrides(node)


def _wrong_overrides(node: Node) -> Iterator[Finding]:
    overrides = node.parsed()
    if not isinstance(overrides.value, dict):
        yield Finding(
            "ParameterOverrides is not a JSON object", node.pointer, 'write {"Name": "value"} as text'
        )
        return
    for name, value in overrides.entries():
        filled_in = value.value == 0 and not node.fixed
        if not isinstance(value.value, str) and _reference(value) is None and not filled_in:
            message = f"ParameterOverrides must give {quoted(name)} a string, not {kind(value.value)}"
            yield Finding(message, node.pointer, "write it in quotes, a list as one string with commas")
