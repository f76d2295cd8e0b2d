"""Which actions and rules CodePipeline has, and what their configuration may say.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html, rule-reference.html,
structure-configuration-examples.html and actions-valid-providers.html.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What the configuration of one provider may say."""

    required: frozenset[str]
    optional: frozenset[str]
    needs_v2: bool = False
    """Whether only pipelines of type V2 have it."""

    @property
    def keys(self) -> frozenset[str]:
        """Every key."""
        return self.required | self.optional


def _kind(required: str, optional: str = "", *, needs_v2: bool = False) -> Kind:
    return Kind(frozenset(required.split()), frozenset(optional.split()), needs_v2)


_CODEBUILD = _kind(
    "ProjectName", "PrimarySource BatchEnabled BuildspecOverride CombineArtifacts EnvironmentVariables"
)
_STACK_SET_OPERATION = (
    "FailureTolerancePercentage FailureToleranceCount MaxConcurrentPercentage MaxConcurrentCount"
    " RegionConcurrencyType ConcurrencyMode CallAs"
)

ACTIONS = {
    ("Source", "AWS", "S3"): _kind(
        "S3Bucket S3ObjectKey", "PollForSourceChanges AllowOverrideForS3ObjectKey"
    ),
    ("Source", "AWS", "CodeCommit"): _kind(
        "RepositoryName BranchName", "PollForSourceChanges OutputArtifactFormat"
    ),
    ("Source", "AWS", "ECR"): _kind("RepositoryName", "ImageTag"),
    ("Source", "AWS", "CodeStarSourceConnection"): _kind(
        "ConnectionArn FullRepositoryId BranchName", "OutputArtifactFormat DetectChanges"
    ),
    ("Source", "ThirdParty", "GitHub"): _kind("Owner Repo Branch OAuthToken", "PollForSourceChanges"),
    ("Build", "AWS", "CodeBuild"): _CODEBUILD,
    ("Test", "AWS", "CodeBuild"): _CODEBUILD,
    ("Build", "AWS", "ECRBuildAndPublish"): _kind(
        "ECRRepositoryName", "DockerFilePath ImageTags RegistryType", needs_v2=True
    ),
    ("Test", "AWS", "DeviceFarm"): _kind(
        "AppType ProjectId App DevicePoolArn TestType",
        "AppiumVersion RadioBluetoothEnabled RecordAppPerformanceData RecordVideo RadioWifiEnabled"
        " RadioNfcEnabled RadioGpsEnabled Test FuzzEventCount FuzzEventThrottle FuzzRandomizerSeed"
        " CustomHostMachineArtifacts CustomDeviceArtifacts UnmeteredDevicesOnly JobTimeoutMinutes"
        " Latitude Longitude",
    ),
    ("Deploy", "AWS", "S3"): _kind(
        "BucketName Extract", "ObjectKey KMSEncryptionKeyARN CannedACL CacheControl"
    ),
    ("Deploy", "AWS", "CloudFormation"): _kind(
        "ActionMode StackName",
        "ChangeSetName RoleArn Capabilities TemplatePath TemplateConfiguration ParameterOverrides"
        " OutputFileName",
    ),
    ("Deploy", "AWS", "CloudFormationStackSet"): _kind(
        "StackSetName TemplatePath",
        "Description Parameters Capabilities PermissionModel AdministrationRoleArn ExecutionRoleName"
        " OrganizationsAutoDeployment DeploymentTargets Regions " + _STACK_SET_OPERATION,
    ),
    ("Deploy", "AWS", "CloudFormationStackInstances"): _kind(
        "StackSetName", "DeploymentTargets Regions ParameterOverrides " + _STACK_SET_OPERATION
    ),
    ("Deploy", "AWS", "CodeDeploy"): _kind("ApplicationName DeploymentGroupName"),
    ("Deploy", "AWS", "CodeDeployToECS"): _kind(
        "ApplicationName DeploymentGroupName TaskDefinitionTemplateArtifact AppSpecTemplateArtifact",
        "AppSpecTemplatePath TaskDefinitionTemplatePath"
        + "".join(f" Image{n}ArtifactName Image{n}ContainerName" for n in range(1, 5)),
    ),
    ("Deploy", "AWS", "ECS"): _kind("ClusterName ServiceName", "FileName DeploymentTimeout"),
    ("Deploy", "AWS", "EC2"): _kind(
        "InstanceTagKey InstanceType",
        "InstanceTagValue TargetDirectory DeploySpec MaxBatch MaxError TargetGroupNameList PreScript"
        " PostScript",
        needs_v2=True,
    ),
    ("Deploy", "AWS", "EKS"): _kind(
        "ClusterName",
        "HelmReleaseName HelmChartLocation HelmValuesFiles ManifestFiles Namespace Subnets SecurityGroupIds",
        needs_v2=True,
    ),
    ("Deploy", "AWS", "Lambda"): _kind(
        "FunctionName", "FunctionAlias PublishedTargetVersion DeployStrategy Alarms", needs_v2=True
    ),
    ("Deploy", "AWS", "ElasticBeanstalk"): _kind("ApplicationName EnvironmentName"),
    ("Deploy", "AWS", "AppConfig"): _kind(
        "Application Environment ConfigurationProfile InputArtifactConfigurationPath", "DeploymentStrategy"
    ),
    ("Deploy", "AWS", "OpsWorks"): _kind("Stack App", "Layer"),
    ("Deploy", "AWS", "ServiceCatalog"): _kind(
        "ProductId",
        "ConfigurationFilePath TemplateFilePath ProductVersionName ProductType ProductVersionDescription",
    ),
    ("Deploy", "ThirdParty", "AlexaSkillsKit"): _kind("ClientId ClientSecret RefreshToken SkillId"),
    ("Invoke", "AWS", "Lambda"): _kind("FunctionName", "UserParameters"),
    ("Invoke", "AWS", "StepFunctions"): _kind("StateMachineArn", "ExecutionNamePrefix InputType Input"),
    ("Invoke", "AWS", "InspectorScan"): _kind(
        "InspectorRunMode",
        "ECRRepositoryName ImageTag CriticalThreshold HighThreshold MediumThreshold LowThreshold",
    ),
    ("Invoke", "AWS", "CodePipeline"): _kind("PipelineName", "SourceRevisions Variables", needs_v2=True),
    ("Approval", "AWS", "Manual"): _kind("", "CustomData ExternalEntityLink NotificationArn"),
    ("Compute", "AWS", "Commands"): _kind(
        "", "EnvironmentType ComputeType VpcId Subnets SecurityGroupIds", needs_v2=True
    ),
}
"""By category, owner and provider. `Custom` may be anything, and `ThirdParty` has more than these."""

MODES = {
    "CHANGE_SET_REPLACE": frozenset({"ChangeSetName", "RoleArn", "TemplatePath"}),
    "CHANGE_SET_EXECUTE": frozenset({"ChangeSetName"}),
    "CREATE_UPDATE": frozenset({"RoleArn", "TemplatePath"}),
    "REPLACE_ON_FAILURE": frozenset({"RoleArn", "TemplatePath"}),
    "DELETE_ONLY": frozenset({"RoleArn"}),
}
"""The values of `ActionMode`, and what each needs: action-reference-CloudFormation."""

RULES = {
    "CloudWatchAlarm": _kind("AlarmName", "AlarmStates WaitTime"),
    "CodeBuild": _CODEBUILD,
    "Commands": _kind(""),
    "DeploymentWindow": _kind("Cron", "TimeZone"),
    "LambdaInvoke": _kind("FunctionName", "UserParameters"),
    "VariableCheck": _kind("Variable Value Operator"),
}
"""The providers of the rules in stage conditions."""
