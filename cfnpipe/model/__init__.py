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
from cfnpipe.model.execution import (
    Arrival,
    Execution,
    ExecutionStatus,
    Pipeline,
    Revision,
    Sight,
    Standing,
    Start,
    State,
    Version,
)
from cfnpipe.model.problem import Place, Problem, Severity
from cfnpipe.model.rendering import Change, RenderedStack, Template

__all__ = [
    "INIT_STACKS",
    "Access",
    "Arrival",
    "Change",
    "CodeCommitSource",
    "ConnectionSource",
    "Environment",
    "Execution",
    "ExecutionStatus",
    "Pipeline",
    "Place",
    "Problem",
    "Project",
    "Protection",
    "RenderedStack",
    "Revision",
    "S3Source",
    "Severity",
    "Sight",
    "Source",
    "Stack",
    "Standing",
    "Start",
    "State",
    "Template",
    "Tool",
    "Version",
]
