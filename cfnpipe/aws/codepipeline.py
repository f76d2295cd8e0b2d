"""CodePipeline: what pipelines did, and starting them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from cfnpipe.aws.errors import AwsError, expected
from cfnpipe.errors import BadInput
from cfnpipe.model import Activity, Execution, Pipeline, Revision, StageState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from cfnpipe.aws.session import Session
    from cfnpipe.model import ExecutionStatus

READS, STARTS = (5.0, 10), (2.0, 5)
"""Calls a second, and how many may come at once. CodePipeline publishes no rates for its API. Listing the
executions of 160 pipelines one after the other, and starting 25 pipelines at once, are reported to be
throttled in spite of retries."""

_STATUS: dict[str, ExecutionStatus] = {
    "InProgress": "running",
    "Stopping": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Stopped": "stopped",
    "Superseded": "superseded",
    "Cancelled": "cancelled",
}
"""PipelineExecutionSummary.status. A word that is not here counts as running: it starts nothing."""


class Pace:
    """A number of calls a second, which several threads keep together; after a rest some come at once."""

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate
        self._credit = (burst - 1) * self._gap
        self._clock, self._sleep = clock, sleep
        self._due = float("-inf")
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Return when the next call is due."""
        with self._turn:
            now = self._clock()
            mine = max(now - self._credit, self._due)
            self._due = mine + self._gap
        if mine > now:
            self._sleep(mine - now)


class Pipelines:
    """The pipelines of one account and region. Its methods may be called by several threads at once.

    Each raises `AwsError` where CodePipeline refuses or does not answer.
    """

    def __init__(self, session: Session, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = session
        self._reads, self._starts = Pace(*READS, sleep=sleep), Pace(*STARTS, sleep=sleep)

    def executions(self, pipeline: str, since: datetime) -> list[Execution] | None:
        """Return a pipeline's executions, newest first, at least those that began after `since`.

        None where there is no such pipeline. CodePipeline keeps 12 months of them and lists the most
        recent first (ListPipelineExecutions). It does not say which of the failed ones were rejected, nor
        which of the running ones run by an earlier definition: see `rejections` and `version`.
        """
        found: list[Execution] = []
        try:
            for page in self._pages("ListPipelineExecutions", pipeline):
                found += [_execution(summary) for summary in page["pipelineExecutionSummaries"]]
                if found and found[-1].started < since:
                    break
        except AwsError as error:
            if error.code == "PipelineNotFoundException":
                return None
            raise
        return found

    def rejections(self, pipeline: str, since: datetime) -> set[str]:
        """Return the ids of executions in which a reviewer said no, and nobody said yes to the same since.

        At least of those that began after `since`; CodePipeline lists the most recent actions first
        (ListActionExecutions). Recorded answers show a rejection as an Approval action that `Failed`, with
        the reviewer's ARN in `updatedBy` and without `errorDetails`; an approval whose mail could not be
        sent has `errorDetails` and no `updatedBy`. No record of an approval that timed out is known: nobody
        has updated it, so it counts as a failure.
        """
        latest: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for action in self._actions(pipeline, since=since):
            place = tuple(action[key] for key in ("pipelineExecutionId", "stageName", "actionName"))
            if place not in latest or latest[place]["startTime"] < action["startTime"]:
                latest[place] = action
        return {execution for (execution, *_), action in latest.items() if _is_rejection(action)}

    def definition(self, pipeline: str) -> Pipeline:
        """Return a pipeline as it is defined now (GetPipelineState)."""
        state = self._read("GetPipelineState", pipeline, name=pipeline)
        source = state["stageStates"][0]["actionStates"]
        return Pipeline(state["pipelineVersion"], tuple(action["actionName"] for action in source))

    def activities(self, pipeline: str) -> tuple[Activity, ...]:
        """Return what each action of a pipeline did last, in the order of its stages (GetPipelineState)."""
        return tuple(each for stage in self.state(pipeline) for each in stage.activities)

    def state(self, pipeline: str) -> tuple[StageState, ...]:
        """Return what each stage of a pipeline did last, in order (GetPipelineState)."""
        return tuple(map(_stage, self._read("GetPipelineState", pipeline, name=pipeline)["stageStates"]))

    def attempts(self, pipeline: str) -> dict[str, str]:
        """Return the execution of each recent attempt at an action, by the attempt's id.

        GetPipelineState shows what each action did last beside the execution that its stage works on now,
        which need not be the same one. One call (ListActionExecutions, the most recent first).
        """
        page = next(self._pages("ListActionExecutions", pipeline))
        return {
            each["actionExecutionId"]: each["pipelineExecutionId"] for each in page["actionExecutionDetails"]
        }

    def decide(self, pipeline: str, approval: Activity, *, approve: bool, why: str) -> None:
        """Give the decision that an approval action waits for (PutApprovalResult).

        `why`: at most 512 characters, kept with the decision. The code of the error is
        `InvalidApprovalTokenException` if it does not wait for that decision any more.
        """
        self._starts.wait()
        with expected("codepipeline:PutApprovalResult", f"{pipeline}/{approval.stage}/{approval.action}"):
            self._client.put_approval_result(
                pipelineName=pipeline,
                stageName=approval.stage,
                actionName=approval.action,
                result={"summary": why, "status": "Approved" if approve else "Rejected"},
                token=approval.token,
            )

    def names(self) -> list[str]:
        """Return the names of all pipelines, sorted (ListPipelines)."""
        with expected("codepipeline:ListPipelines", "the account"):
            pages = list(self._client.get_paginator("list_pipelines").paginate())
        return sorted(each["name"] for page in pages for each in page["pipelines"])

    def version(self, pipeline: str, execution: str) -> int:
        """Return which definition of its pipeline an execution runs by (GetPipelineExecution).

        An execution by an earlier definition is over, pending approvals too, though its status may stay
        `InProgress`: two minutes after the change `Cancelled` was not seen yet.
        """
        run = self._read(
            "GetPipelineExecution", pipeline, pipelineName=pipeline, pipelineExecutionId=execution
        )
        return int(run["pipelineExecution"]["pipelineVersion"])

    def start(self, pipeline: str, token: str) -> str:
        """Start a pipeline with what its sources have now; return the execution's id.

        `token`: letters, digits and hyphens, at most 128. The same token returns the execution that it
        started before, however long ago.
        """
        self._starts.wait()
        with expected("codepipeline:StartPipelineExecution", pipeline):
            answer = self._client.start_pipeline_execution(name=pipeline, clientRequestToken=token)
        return str(answer["pipelineExecutionId"])

    def revision(self, pipeline: str, execution: str) -> Revision:
        """Return what the source action of an execution fetched: commit, message and author.

        `pipeline` is a pipeline's name, `execution` the id of one of its executions, whose Source has
        finished. One call (ListActionExecutions), because only the output variables of the source action
        tell the author. Raise `BadInput` where the execution has no finished source action.
        """
        only = {"pipelineExecutionId": execution}
        for action in self._actions(pipeline, filter=only):
            if _category(action) == "Source" and action["status"] == "Succeeded":
                return _revision(action["output"])
        raise BadInput(
            f"execution {execution} of {pipeline} has no finished source action",
            hint="give the id of an execution that has left its Source stage",
        )

    def _actions(
        self, pipeline: str, since: datetime | None = None, **parameters: Any
    ) -> Iterator[Mapping[str, Any]]:
        for page in self._pages("ListActionExecutions", pipeline, **parameters):
            actions = page["actionExecutionDetails"]
            yield from actions
            if since and actions and actions[-1]["startTime"] < since:
                return

    def _pages(self, operation: str, pipeline: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        from botocore import xform_name

        pages = self._client.get_paginator(xform_name(operation)).paginate(
            pipelineName=pipeline, **parameters
        )
        with expected(f"codepipeline:{operation}", pipeline):
            self._reads.wait()
            for page in pages:
                yield page
                if page.get("nextToken"):
                    self._reads.wait()

    def _read(self, operation: str, pipeline: str, **parameters: str) -> Any:
        from botocore import xform_name

        self._reads.wait()
        with expected(f"codepipeline:{operation}", pipeline):
            return getattr(self._client, xform_name(operation))(**parameters)

    @property
    def _client(self) -> Any:
        return self._session.client("codepipeline")


def _execution(summary: Mapping[str, Any]) -> Execution:
    revisions = summary.get("sourceRevisions", ())
    return Execution(
        id=summary["pipelineExecutionId"],
        status=_STATUS.get(summary["status"], "running"),
        started=summary["startTime"],
        revisions={each["actionName"]: each["revisionId"] for each in revisions if each.get("revisionId")},
    )


def _stage(stage: Mapping[str, Any]) -> StageState:
    latest = stage.get("latestExecution", {})
    return StageState(
        name=stage["stageName"],
        execution=latest.get("pipelineExecutionId", ""),
        status=latest.get("status", ""),
        newer=stage.get("inboundExecution", {}).get("pipelineExecutionId", ""),
        closed=not stage.get("inboundTransitionState", {}).get("enabled", True),
        activities=tuple(_activity(stage, action) for action in stage["actionStates"]),
    )


def _activity(stage: Mapping[str, Any], action: Mapping[str, Any]) -> Activity:
    execution = stage.get("latestExecution", {}).get("pipelineExecutionId", "")
    latest = action.get("latestExecution", {})
    return Activity(
        stage=stage["stageName"],
        action=action["actionName"],
        execution=execution,
        status=latest.get("status", ""),
        message=" ".join(
            (latest.get("errorDetails", {}).get("message") or latest.get("summary", "")).split()
        ),
        token=latest.get("token", ""),
        changed=latest.get("lastStatusChange"),
        attempt=latest.get("actionExecutionId", ""),
    )


def _category(action: Mapping[str, Any]) -> str:
    return str(action["input"]["actionTypeId"]["category"])


def _is_rejection(action: Mapping[str, Any]) -> bool:
    result = action.get("output", {}).get("executionResult", {})
    decided = action.get("updatedBy") and not result.get("errorDetails")
    return _category(action) == "Approval" and action["status"] == "Failed" and bool(decided)


def _revision(output: Mapping[str, Any]) -> Revision:
    """Return what a source action's output says, of Git (connections, CodeCommit) or of an S3 object."""
    said, result = output.get("outputVariables", {}), output.get("executionResult", {})
    commit = said.get("CommitId") or said.get("VersionId") or result["externalExecutionId"]
    summary = said.get("CommitMessage") or result.get("externalExecutionSummary", "")
    told = (said.get(key) for key in ("AuthorDisplayName", "AuthorEmail", "AuthorId"))
    return Revision(
        commit=commit,
        summary="" if commit in summary else summary,
        author=next((name for name in told if name), ""),
    )
