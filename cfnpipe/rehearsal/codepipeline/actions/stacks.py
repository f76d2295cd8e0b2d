"""The CloudFormation action: change sets, and stacks that are made, changed or deleted at once.

An empty change set is a success, for the action that makes it and for the one that executes it: that is what
repeated runs of public pipelines show.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline.actions import template
from cfnpipe.rehearsal.codepipeline.faults import ActionFailed
from cfnpipe.rehearsal.codepipeline.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.codepipeline.actions.job import Job

PAUSE = 0.05
"""Seconds between two looks at a stack or a change set."""
_EMPTY = ("didn't contain changes", "No updates are to be performed")
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def run(job: Job) -> Outcome:
    """Do what the action's mode says."""
    modes: dict[str, Callable[[Job], Outcome]] = {
        "CHANGE_SET_REPLACE": replace,
        "CHANGE_SET_EXECUTE": execute,
        "CREATE_UPDATE": create_or_update,
        "DELETE_ONLY": delete,
    }
    return modes[job.settings["ActionMode"]](job)


def replace(job: Job) -> Outcome:
    """Make the change set anew, for a stack that need not be there yet."""
    made = template.read(job)
    cloudformation, place = job.aws("cloudformation"), _place(job)
    stack = _stack(job, place["StackName"])
    if stack:
        cloudformation.delete_change_set(**place)
    fresh = stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    identifier = cloudformation.create_change_set(
        **place, **_request(job, made), ChangeSetType="CREATE" if fresh else "UPDATE"
    )["Id"]
    found = _change_set(job)
    while found["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        time.sleep(PAUSE)
        found = _change_set(job)
    reason = found.get("StatusReason", "")
    if found["Status"] == "FAILED" and not _is_empty(found):
        raise ActionFailed("JobFailed", f"Change set [{place['ChangeSetName']}] failed: {reason}")
    said = "There are no changes" if _is_empty(found) else f"Change set {place['ChangeSetName']} was created"
    return Outcome(summary=f"{said}.", external=identifier, url=_page(job, found["StackId"]))


def execute(job: Job) -> Outcome:
    """Execute the change set and wait for the stack."""
    found = _change_set(job)
    if _is_empty(found):
        stack = _stack(job, found["StackId"]) or {}
        return _made(job, stack | {"StackId": found["StackId"]}, "There are no changes to execute")
    job.aws("cloudformation").execute_change_set(**_place(job))
    return _wait(job, found["StackId"])


def create_or_update(job: Job) -> Outcome:
    """Make or change the stack at once and wait for it."""
    made = template.read(job)
    cloudformation, name = job.aws("cloudformation"), job.settings["StackName"]
    policy = {"StackPolicyBody": json.dumps(made.policy)} if made.policy else {}
    request = {"StackName": name, **_request(job, made), **policy}
    stack = _stack(job, name)
    if stack is None:
        return _wait(job, cloudformation.create_stack(**request)["StackId"])
    try:
        return _wait(job, cloudformation.update_stack(**request)["StackId"])
    except _client_error() as error:
        if _EMPTY[1] not in str(error):
            raise
        return _made(job, stack, "There are no changes")


def delete(job: Job) -> Outcome:
    """Delete the stack and wait until it is gone; one that is not there is a success."""
    name = job.settings["StackName"]
    stack = _stack(job, name)
    if stack is None:
        return Outcome(summary=f"Stack {name} is not there.", external=name)
    job.aws("cloudformation").delete_stack(StackName=name, RoleARN=job.settings["RoleArn"])
    status, reason = _settled(job, stack["StackId"])
    if status != "DELETE_COMPLETE":
        raise _failed(job, stack["StackId"], status, reason)
    return Outcome(summary=f"Stack {name} was deleted.", external=stack["StackId"])


def _place(job: Job) -> dict[str, str]:
    return {key: job.settings[key] for key in ("StackName", "ChangeSetName")}


def _request(job: Job, made: template.Bundle) -> dict[str, Any]:
    """Return what a stack is made from. CloudFormation reads the template from a place in S3."""
    object_ = job.put(f"{job.pipeline[:20]}/templates/{job.run.id}", made.template)
    capabilities = job.settings.get("Capabilities", "")
    return {
        "TemplateURL": f"{job.site.endpoint}/{object_.bucket}/{object_.key}",
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in made.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in made.tags.items()],
        "Capabilities": capabilities.split(",") if capabilities else [],
        "RoleARN": job.settings["RoleArn"],
    }


def _stack(job: Job, name: str) -> dict[str, Any] | None:
    """Return a stack, by name or id, or None where there is none."""
    try:
        found: dict[str, Any] = job.aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except _client_error() as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _change_set(job: Job) -> Mapping[str, Any]:
    found: Mapping[str, Any] = job.aws("cloudformation").describe_change_set(**_place(job))
    return found


def _is_empty(found: Mapping[str, Any]) -> bool:
    reason = found.get("StatusReason", "")
    return found["Status"] == "FAILED" and any(text in reason for text in _EMPTY)


def _wait(job: Job, stack: str) -> Outcome:
    status, reason = _settled(job, stack)
    if status not in _GOOD:
        raise _failed(job, stack, status, reason)
    return _made(job, _stack(job, stack) or {}, f"Deployment succeeded: {status}")


def _settled(job: Job, stack: str) -> tuple[str, str]:
    """Wait until nothing of a stack is in progress; return its status and the reason for it."""
    while (found := _stack(job, stack)) is not None:
        status = found["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status, found.get("StackStatusReason", "")
        time.sleep(PAUSE)
    return "DELETE_COMPLETE", ""


def _made(job: Job, stack: Mapping[str, Any], summary: str) -> Outcome:
    """Return a success, with the stack's outputs as variables."""
    return Outcome(
        summary=f"{summary}.",
        external=stack["StackId"],
        url=_page(job, stack["StackId"]),
        variables={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
    )


def _failed(job: Job, stack: str, status: str, reason: str) -> ActionFailed:
    text = f"Deployment failed: stack {job.settings['StackName']} is {status}. {reason}".strip()
    return ActionFailed("JobFailed", text, external=stack, url=_page(job, stack))


def _page(job: Job, stack: str) -> str:
    region = job.scope.region
    return f"https://console.aws.amazon.com/cloudformation/home?region={region}#/stack/detail?stackId={stack}"


def _client_error() -> type[Exception]:
    from botocore.exceptions import ClientError

    error: type[Exception] = ClientError
    return error
