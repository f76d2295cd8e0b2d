"""CloudFormation: what stacks are, and changing them by change sets only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfnpipe.aws.errors import AwsError, expected
from cfnpipe.model.deployment import ChangeSet, Deployed, Event, PropertyChange, ResourceChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cfnpipe.aws.session import Session
    from cfnpipe.model.deployment import ChangeSetKind, Submission

_ABSENT = "does not exist"
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""What CloudFormation says of a change set without changes, whose status is `FAILED`."""


class Stacks:
    """The stacks of one account and region. Each method raises `AwsError` where CloudFormation refuses."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, stack: str) -> Deployed | None:
        """Return a stack by its name, or by its ARN even after its deletion; None if there is none."""
        try:
            with expected("cloudformation:DescribeStacks", stack):
                answer = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except AwsError as error:
            if error.code == "ValidationError" and _ABSENT in error.message:
                return None
            raise
        return Deployed(
            name=answer["StackName"],
            id=answer["StackId"],
            status=answer["StackStatus"],
            reason=_one_line(answer.get("StackStatusReason", "")),
            protected=bool(answer.get("EnableTerminationProtection")),
            parameters=_mapping(answer.get("Parameters", ()), "ParameterKey", "ParameterValue"),
            tags=_mapping(answer.get("Tags", ()), "Key", "Value"),
            outputs=_mapping(answer.get("Outputs", ()), "OutputKey", "OutputValue"),
        )

    def template(self, stack: str) -> Any:
        """Return a stack's template as it was handed in, as JSON values (GetTemplate, stage Original).

        None where it is not JSON: that stack was made by something else.
        """
        with expected("cloudformation:GetTemplate", stack):
            answer = self._client.get_template(StackName=stack, TemplateStage="Original")
        body = answer["TemplateBody"]
        try:
            return json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))
        except ValueError:
            return None

    def create_change_set(self, submission: Submission, name: str, kind: ChangeSetKind) -> str:
        """Ask for a change set, and return its ARN before it is ready: see `change_set`.

        `name`: one that no other has had. It is the token of the call as well, so that botocore can repeat
        one whose answer was lost.
        """
        body = {"TemplateURL": submission.url} if submission.url else {"TemplateBody": submission.template}
        role = {"RoleARN": submission.role} if submission.role else {}
        with expected("cloudformation:CreateChangeSet", submission.stack):
            answer = self._client.create_change_set(
                StackName=submission.stack,
                ChangeSetName=name,
                ClientToken=name,
                ChangeSetType=kind,
                Parameters=_list(submission.parameters, "ParameterKey", "ParameterValue"),
                Tags=_list(submission.tags, "Key", "Value"),
                Capabilities=list(submission.capabilities),
                **body,
                **role,
            )
        return str(answer["Id"])

    def change_set(self, stack: str, change_set: str, kind: ChangeSetKind) -> ChangeSet | None:
        """Return a change set by its ARN, with the values of changed properties; None until it is ready."""
        pages = list(self._change_set_pages(stack, change_set))
        status, reason = pages[0]["Status"], _one_line(pages[0].get("StatusReason", ""))
        if status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return None
        if status != "CREATE_COMPLETE":
            empty = any(text in reason for text in _NO_CHANGES)
            return ChangeSet(stack, change_set, kind, empty=empty, failure="" if empty else reason or status)
        found = [_change(each["ResourceChange"]) for page in pages for each in page["Changes"]]
        return ChangeSet(stack, change_set, kind, tuple(sorted(found, key=lambda change: change.logical)))

    def _change_set_pages(self, stack: str, change_set: str) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a description; botocore has no paginator for those with values."""
        following: dict[str, str] = {}
        while True:
            with expected("cloudformation:DescribeChangeSet", stack):
                page = self._client.describe_change_set(
                    StackName=stack, ChangeSetName=change_set, IncludePropertyValues=True, **following
                )
            yield page
            if not page.get("NextToken"):
                return
            following = {"NextToken": page["NextToken"]}

    def change_sets(self, stack: str) -> dict[str, str]:
        """Return the change sets of a stack that were not executed: their ARNs by name."""
        with expected("cloudformation:ListChangeSets", stack):
            pages = list(self._client.get_paginator("list_change_sets").paginate(StackName=stack))
        waiting = (
            each
            for page in pages
            for each in page["Summaries"]
            if not each.get("ExecutionStatus", "").startswith("EXECUTE")
        )
        return _mapping(waiting, "ChangeSetName", "ChangeSetId")

    def execute(self, change_set: ChangeSet, token: str) -> None:
        """Begin to execute a change set. `token` names the operation in the events of the stack."""
        with expected("cloudformation:ExecuteChangeSet", change_set.stack):
            self._client.execute_change_set(
                StackName=change_set.stack, ChangeSetName=change_set.id, ClientRequestToken=token
            )

    def drop_change_set(self, stack: str, change_set: str) -> None:
        """Delete a change set by its ARN. One that is gone is no error."""
        with expected("cloudformation:DeleteChangeSet", stack):
            self._client.delete_change_set(StackName=stack, ChangeSetName=change_set)

    def delete(self, stack: Deployed, token: str) -> None:
        """Begin to delete a stack, with the role that it has, if it has one (RoleARN of DeleteStack)."""
        with expected("cloudformation:DeleteStack", stack.name):
            self._client.delete_stack(StackName=stack.id, ClientRequestToken=token)

    def protect(self, stack: str) -> None:
        """Switch a stack's termination protection on."""
        with expected("cloudformation:UpdateTerminationProtection", stack):
            self._client.update_termination_protection(StackName=stack, EnableTerminationProtection=True)

    def set_policy(self, stack: str, policy: str) -> None:
        """Set a stack's policy, which is JSON; one that was set can be changed, never removed."""
        with expected("cloudformation:SetStackPolicy", stack):
            self._client.set_stack_policy(StackName=stack, StackPolicyBody=policy)

    def policy(self, stack: str) -> str:
        """Return a stack's policy; empty if it has none."""
        with expected("cloudformation:GetStackPolicy", stack):
            return str(self._client.get_stack_policy(StackName=stack).get("StackPolicyBody") or "")

    def cancel_update(self, stack: str) -> None:
        """Begin to roll a running update back."""
        with expected("cloudformation:CancelUpdateStack", stack):
            self._client.cancel_update_stack(StackName=stack)

    def events(self, stack: str, after: str = "") -> list[Event]:
        """Return the events of a stack, oldest first, that came after the one with the id `after`.

        `stack`: its ARN, under which events stay readable after a deletion.
        """
        found: list[Event] = []
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack)
        with expected("cloudformation:DescribeStackEvents", stack.rpartition(":stack/")[2].split("/")[0]):
            for page in pages:
                for each in page["StackEvents"]:
                    if each["EventId"] == after:
                        return found[::-1]
                    found.append(_event(each))
        return found[::-1]

    def faults(self, change_set: str) -> list[Event]:
        """Return what CloudFormation found wrong while it made a change set (DescribeEvents).

        It checks names and property values before anything is deployed (early validation), and says in a
        change set's status only that it did. What it only warns of is left out.
        """
        with expected("cloudformation:DescribeEvents", "the change set"):
            pages = self._client.get_paginator("describe_events").paginate(
                ChangeSetName=change_set, Filters={"FailedEvents": True}
            )
            listed = [each for page in pages for each in page["OperationEvents"]]
        return [
            _fault(each)
            for each in listed
            if each.get("LogicalResourceId") and each.get("ValidationFailureMode") != "WARN"
        ]

    @property
    def _client(self) -> Any:
        return self._session.client("cloudformation")


def _change(told: Mapping[str, Any]) -> ResourceChange:
    found = [_property(each) for each in told.get("Details", ())]
    merged = {change.path: change for change in found if change.path}
    return ResourceChange(
        action=told["Action"],
        logical=told["LogicalResourceId"],
        type=told["ResourceType"],
        physical=told.get("PhysicalResourceId", ""),
        replacement=told.get("Replacement", ""),
        properties=tuple(sorted(merged.values(), key=lambda change: change.path)),
    )


def _property(detail: Mapping[str, Any]) -> PropertyChange:
    target = detail.get("Target", {})
    path = "/".join(part for part in ("", target.get("Attribute", ""), target.get("Name", "")))
    return PropertyChange(
        path=target.get("Path") or path.rstrip("/"),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        recreates=target.get("RequiresRecreation") == "Always",
    )


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        id=told["EventId"],
        time=told["Timestamp"],
        logical=told["LogicalResourceId"],
        type=told["ResourceType"],
        status=told["ResourceStatus"],
        reason=_one_line(told.get("ResourceStatusReason", "")),
        physical=told.get("PhysicalResourceId", ""),
    )


def _fault(told: Mapping[str, Any]) -> Event:
    reasons = ("ValidationStatusReason", "HookStatusReason", "ResourceStatusReason")
    reason = next((told[key] for key in reasons if told.get(key)), told.get("ValidationName", ""))
    path = told.get("ValidationPath", "")
    return Event(
        id=told["EventId"],
        time=told["Timestamp"],
        logical=told["LogicalResourceId"],
        type=told.get("ResourceType", ""),
        status=told.get("EventType", ""),
        reason=_one_line(f"{reason} ({path})" if path else reason),
    )


def _mapping(listed: Iterable[Mapping[str, str]], key: str, value: str) -> dict[str, str]:
    return {each[key]: each.get(value, "") for each in listed}


def _list(mapping: Mapping[str, str], key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in mapping.items()]


def _one_line(text: str) -> str:
    return " ".join(text.split())
