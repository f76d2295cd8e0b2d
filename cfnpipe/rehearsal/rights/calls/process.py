"""What must be allowed for calls to CloudFormation, CodePipeline, CodeBuild, connections and EventBridge.

Resources and keys of the context are those of the service authorization reference.
"""

from __future__ import annotations

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.calls.sent import Check, Sent, pass_role
from cfnpipe.rehearsal.rights.calls.storage import read_url


def cloudformation(sent: Sent) -> list[Check]:
    """Return what must be allowed: the change, its tags, handing the role over, reading the template."""
    stack, change_set = _stack(sent), sent.said("ChangeSetName").rpartition("changeSet/")[2].split("/")[0]
    role, template = sent.said("RoleARN"), sent.said("TemplateURL")
    context = {
        "cloudformation:ChangeSetName": change_set,
        "cloudformation:RoleArn": role,
        "cloudformation:TemplateUrl": template,
    }
    said = {key: value for key, value in context.items() if value}
    return [
        sent.check(stack, **said),
        *([Check("cloudformation:TagResource", stack, sent.tags | said)] if sent.tags else []),
        *pass_role(role, "cloudformation"),
        *(read_url(template, sent.region) if template else []),
    ]


def _stack(sent: Sent) -> str:
    """Return the ARN of the stack that a call is about, `*` standing for an id that is not there yet."""
    named, change_set = sent.said("StackName"), sent.said("ChangeSetName")
    if named:
        return inventory.stack_arn(named) or sent.arn("cloudformation", f"stack/{named}/*")
    if change_set:
        return inventory.stack_of_change_set(change_set) or "*"
    return sent.arn("cloudformation", "stack/*/*") if sent.name == "DescribeStacks" else "*"


_OF_STAGE = {
    "DisableStageTransition",
    "EnableStageTransition",
    "OverrideStageCondition",
    "RetryStageExecution",
    "RollbackStage",
}
_OF_ACTION = {"PutActionRevision", "PutApprovalResult"}


def codepipeline(sent: Sent) -> list[Check]:
    """Return what must be allowed: on a pipeline, or on `pipeline/stage` or `pipeline/stage/action`."""
    definition = sent.data.get("pipeline") or {}
    pipeline = definition.get("name") or sent.said("pipelineName", "name")
    if sent.name in _OF_STAGE | _OF_ACTION:
        pipeline += f"/{sent.said('stageName')}"
    if sent.name in _OF_ACTION:
        pipeline += f"/{sent.said('actionName')}"
    resource = sent.said("resourceArn") or (sent.arn("codepipeline", pipeline) if pipeline else "*")
    tagged = sent.tags and sent.name == "CreatePipeline"
    return [
        sent.check(resource),
        *([Check("codepipeline:TagResource", resource, sent.tags)] if tagged else []),
        *pass_role(definition.get("roleArn", ""), "codepipeline"),
    ]


def codebuild(sent: Sent) -> list[Check]:
    """Return what must be allowed: on projects, whose names builds and sandboxes begin with."""
    ids = [*sent.listed("ids"), *filter(None, [sent.said("id", "sandboxId", "buildId")])]
    of_builds = [each.rpartition("/")[2].partition(":")[0] for each in ids]
    names = [*sent.listed("names"), *filter(None, [sent.said("projectName", "name")]), *of_builds]
    arns = [sent.arn("codebuild", f"project/{name}") for name in dict.fromkeys(names)]
    where = arns or [sent.said("projectArn", "resourceArn") or "*"]
    role = sent.said("serviceRole", "serviceRoleOverride")
    return [*(sent.check(arn) for arn in where), *pass_role(role, "codebuild")]


def codeconnections(sent: Sent) -> list[Check]:
    """Return what must be allowed: on a connection."""
    return [sent.check(sent.said("ConnectionArn", "ResourceArn") or "*")]


def events(sent: Sent) -> list[Check]:
    """Return what must be allowed: on a rule or a bus, and handing over the roles of targets."""
    targets = sent.data.get("Targets") or []
    roles = [each["RoleArn"] for each in targets if "RoleArn" in each] + [sent.said("RoleArn")]
    passing = [check for role in dict.fromkeys(roles) for check in pass_role(role, "events")]
    if sent.name == "PutEvents":
        buses = {entry.get("EventBusName") or "default" for entry in sent.data.get("Entries") or [{}]}
        return [sent.check(sent.arn("events", f"event-bus/{bus}")) for bus in sorted(buses)]
    if named := sent.said("ResourceARN"):
        return [sent.check(named)]
    bus, rule = sent.said("EventBusName"), sent.said("Rule", "Name")
    path = rule if bus in ("", "default") else f"{bus.rpartition('/')[2]}/{rule}"
    return [sent.check(sent.arn("events", f"rule/{path}") if rule else "*"), *passing]
