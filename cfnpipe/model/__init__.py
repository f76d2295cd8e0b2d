"""The words of the project as types: immutable, without behaviour, known to every room."""

from cfnpipe.model.environment import (
    INIT_STACKS,
    Access,
    CodeCommitSource,
    ConnectionSource,
    Environment,
    Project,
    Protection,
    S3Source,
    Source,
    Stack,
    Tool,
)
from cfnpipe.model.problem import Place, Problem, Severity
from cfnpipe.model.rendering import Change, RenderedStack, Template

__all__ = [
    "INIT_STACKS",
    "Access",
    "Change",
    "CodeCommitSource",
    "ConnectionSource",
    "Environment",
    "Place",
    "Problem",
    "Project",
    "Protection",
    "RenderedStack",
    "S3Source",
    "Severity",
    "Source",
    "Stack",
    "Template",
    "Tool",
]
