"""The actions that are known: their artifacts, and the keys of their configuration.

From the action structure reference of the CodePipeline user guide. A key that AWS has and that is not here is
refused like an unknown one: what is not rehearsed must not seem to be.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """One provider's action."""

    required: frozenset[str] = frozenset()
    """The keys that its configuration must have."""
    optional: frozenset[str] = frozenset()
    """The keys that it may have."""
    inputs: range = field(default=range(1))
    """How many input artifacts it takes."""
    outputs: range = field(default=range(1))
    """How many output artifacts it makes."""


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ONE, _AT_MOST_ONE = range(1, 2), range(2)
_CODEBUILD = Kind(
    required=_keys("ProjectName"),
    optional=_keys("EnvironmentVariables PrimarySource"),
    inputs=range(1, 6),
    outputs=range(6),
)

KINDS = {
    ("Source", "S3"): Kind(
        required=_keys("S3Bucket S3ObjectKey"),
        optional=_keys("PollForSourceChanges AllowOverrideForS3ObjectKey"),
        outputs=_ONE,
    ),
    ("Source", "CodeStarSourceConnection"): Kind(
        required=_keys("ConnectionArn FullRepositoryId BranchName"),
        optional=_keys("OutputArtifactFormat DetectChanges"),
        outputs=_ONE,
    ),
    ("Source", "CodeCommit"): Kind(
        required=_keys("RepositoryName BranchName"),
        optional=_keys("PollForSourceChanges OutputArtifactFormat"),
        outputs=_ONE,
    ),
    ("Build", "CodeBuild"): _CODEBUILD,
    ("Test", "CodeBuild"): _CODEBUILD,
    ("Deploy", "CloudFormation"): Kind(
        required=_keys("ActionMode StackName"),
        optional=_keys("ChangeSetName RoleArn Capabilities TemplatePath TemplateConfiguration"),
        inputs=range(11),
        outputs=_AT_MOST_ONE,
    ),
    ("Approval", "Manual"): Kind(optional=_keys("NotificationArn CustomData ExternalEntityLink")),
}
"""By category and provider; all of them are AWS's own, version 1."""

MODES = {
    "CHANGE_SET_REPLACE": _keys("ChangeSetName RoleArn TemplatePath"),
    "CHANGE_SET_EXECUTE": _keys("ChangeSetName"),
    "CREATE_UPDATE": _keys("RoleArn TemplatePath"),
    "DELETE_ONLY": _keys("RoleArn"),
}
"""What each mode of the CloudFormation action needs besides `StackName`."""

REVISIONS = {
    ("Source", "S3"): _keys("S3_OBJECT_VERSION_ID S3_OBJECT_KEY"),
    ("Source", "CodeStarSourceConnection"): _keys("COMMIT_ID"),
    ("Source", "CodeCommit"): _keys("COMMIT_ID"),
}
"""What a start may name of a source action (SourceRevisionOverride)."""
