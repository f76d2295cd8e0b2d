"""CodeBuild: what a build runs stands in the template, and nowhere else.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectSource.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import stages
from cfnpipe.validate.nodes import resources
from cfnpipe.validate.subject import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView


def empty_buildspec(view: StackView) -> Iterator[Finding]:
    """Find a buildspec that says nothing: CodeBuild then runs what it finds in the checkout."""
    for project in _projects(view):
        buildspec = project["Source"]["BuildSpec"]
        if buildspec.fixed is not None and not buildspec.fixed.strip():
            message = "the buildspec is empty: CodeBuild runs the one in the checkout"
            yield Finding(message, buildspec.pointer, "write the buildspec into the template")


def buildspec_elsewhere(view: StackView) -> Iterator[Finding]:
    """Warn of a build whose buildspec is not in the template.

    Without one, or with one of a single line, which CodeBuild takes for a path, whoever may change the
    checkout decides what is done with the project's role. For a build that only builds, that is as
    intended.
    """
    for project in _projects(view):
        source = project["Source"]
        buildspec = source["BuildSpec"]
        if source.is_object and not buildspec.present:
            yield _warning("no buildspec: the build runs the one in the checkout", source)
        elif (text := (buildspec.fixed or "").strip()) and len(text.splitlines()) == 1:
            yield _warning("a buildspec of one line is taken for a path into the checkout", buildspec)


def _warning(message: str, node: Node) -> Finding:
    hint = "write a buildspec of several lines into the template"
    return Finding(message, node.pointer, hint, severity="warning")


def buildspec_override(view: StackView) -> Iterator[Finding]:
    """Find a pipeline that replaces the buildspec of the project that it starts.

    The project's rights were given to the project's own buildspec
    (https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html).
    """
    for stage in stages(view):
        configurations = [action.configuration for action in stage.actions]
        configurations += [rule["Configuration"] for _, _, rule in stage.rules()]
        for configuration in configurations:
            override = configuration["BuildspecOverride"]
            if override.present:
                message = "BuildspecOverride replaces the buildspec that was reviewed with the project"
                yield Finding(message, override.pointer, "change the project's buildspec")


def privileged_build(view: StackView) -> Iterator[Finding]:
    """Warn of a build with rights over its host, which only builds of Docker images need.

    See `privilegedMode` in
    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html.
    """
    for project in _projects(view):
        mode = project["Environment"]["PrivilegedMode"]
        if mode.says_true:
            hint = "leave it out unless the build makes Docker images"
            yield Finding("the build runs privileged", mode.pointer, hint, severity="warning")


def _projects(view: StackView) -> Iterator[Node]:
    for _, project in resources(view, "AWS::CodeBuild::Project"):
        yield project
