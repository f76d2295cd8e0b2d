"""What CodePipeline answers about a pipeline: the machine's state in the words of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.codepipeline.definition import Stage
    from cfnpipe.rehearsal.codepipeline.machine import Machine
    from cfnpipe.rehearsal.codepipeline.states import ActionRun, Artifact, Execution, Gate

_SUMMARIES = {
    "Cancelled": "The pipeline's definition was updated before the pipeline execution could be completed.",
    "Superseded": "While this execution waited, a newer one took its place.",
}


def state(machine: Machine) -> dict[str, Any]:
    """Return GetPipelineState's answer, without the times of the pipeline."""
    stages = machine.definition.stages
    return {
        "pipelineName": machine.definition.name,
        "pipelineVersion": machine.definition.version,
        "stageStates": [_stage(machine, index, stage) for index, stage in enumerate(stages)],
    }


def execution(made: Execution) -> dict[str, Any]:
    """Return GetPipelineExecution's answer."""
    revisions = [
        {"name": run.action.outputs[0], "created": run.updated, **_revision(run)} for run in _sources(made)
    ]
    return {
        "pipelineName": made.definition.name,
        "pipelineVersion": made.definition.version,
        "pipelineExecutionId": made.id,
        "artifactRevisions": revisions,
        "variables": [{"name": key, "resolvedValue": value} for key, value in made.variables.items()],
        **_common(made),
    }


def summary(made: Execution) -> dict[str, Any]:
    """Return an execution as ListPipelineExecutions shows it."""
    return {
        "pipelineExecutionId": made.id,
        "startTime": made.started,
        "lastUpdateTime": made.updated,
        "sourceRevisions": [{"actionName": run.action.name, **_revision(run)} for run in _sources(made)],
        **({"stopTrigger": {"reason": made.reason}} if made.reason else {}),
        **_common(made),
    }


def action(run: ActionRun) -> dict[str, Any]:
    """Return an attempt as ListActionExecutions shows it."""
    declared, outcome = run.action.declared, run.outcome
    place = {"namespace": run.action.namespace} if run.action.namespace else {}
    return {
        "pipelineExecutionId": run.execution.id,
        "actionExecutionId": run.id,
        "pipelineVersion": run.execution.definition.version,
        "stageName": run.stage,
        "actionName": run.action.name,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        **({"updatedBy": run.by} if run.by else {}),
        "input": {
            "actionTypeId": declared["actionTypeId"],
            "configuration": dict(run.action.configuration),
            "resolvedConfiguration": dict(run.resolved),
            "inputArtifacts": _artifacts(run.inputs),
            **({"roleArn": declared["roleArn"]} if "roleArn" in declared else {}),
            **place,
        },
        "output": {
            "outputArtifacts": _artifacts(outcome.artifacts),
            "executionResult": _told(
                externalExecutionId=outcome.external,
                externalExecutionSummary=outcome.summary or outcome.message,
                externalExecutionUrl=outcome.url,
                errorDetails=_error(run),
            ),
            "outputVariables": dict(outcome.variables),
        },
    }


def _told(**members: Any) -> dict[str, Any]:
    """Return the members that say something; the API leaves the others out."""
    return {key: value for key, value in members.items() if value}


def _common(made: Execution) -> dict[str, Any]:
    kind, detail = made.trigger
    return {
        "status": made.status,
        **_told(statusSummary=_SUMMARIES.get(made.status)),
        "trigger": {"triggerType": kind, "triggerDetail": detail},
        "executionMode": made.definition.mode,
        "executionType": "STANDARD",
    }


def _sources(made: Execution) -> list[ActionRun]:
    return [run for run in made.done() if run.outcome.revision]


def _revision(run: ActionRun) -> dict[str, Any]:
    found = run.outcome.revision
    if found is None:
        return {}
    return _told(revisionId=found.id, revisionSummary=found.summary, revisionUrl=found.url)


def _artifacts(made: Mapping[str, Artifact]) -> list[dict[str, Any]]:
    return [{"name": k, "s3location": {"bucket": a.bucket, "key": a.key}} for k, a in made.items()]


def _error(run: ActionRun) -> dict[str, str]:
    return _told(code=run.outcome.error, message=run.outcome.message)


def _stage(machine: Machine, index: int, stage: Stage) -> dict[str, Any]:
    last = machine.latest.get(stage.name)
    waiting = [{"pipelineExecutionId": w.id, "status": "InProgress"} for w in machine.waiting(index)]
    return {
        "stageName": stage.name,
        **({"inboundExecution": waiting[0], "inboundExecutions": waiting} if waiting else {}),
        "inboundTransitionState": _transition(_gate(machine, index)),
        "actionStates": [_action_state(machine, stage.name, each.name) for each in stage.actions],
        **(_entered(last, stage.name) if last else {}),
    }


def _entered(last: Execution, stage: str) -> dict[str, Any]:
    run = last.stages[stage]
    stopping = last.status == "Stopping" and run.status == "InProgress"
    status = "Stopping" if stopping else run.status
    again = {"manualStageRetryAttempt": run.retries, "latestRetryTrigger": "ManualStageRetry"}
    return {
        "latestExecution": {"pipelineExecutionId": last.id, "status": status, "type": "STANDARD"},
        **({"retryStageMetadata": again} if run.retries else {}),
    }


def _gate(machine: Machine, index: int) -> Gate | None:
    stages = machine.definition.stages
    inbound = machine.gates.get((stages[index].name, "Inbound"))
    return inbound or (machine.gates.get((stages[index - 1].name, "Outbound")) if index else None)


def _transition(gate: Gate | None) -> dict[str, Any]:
    if gate is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "lastChangedBy": gate.by,
        "lastChangedAt": gate.at,
        "disabledReason": gate.reason,
    }


def _action_state(machine: Machine, stage: str, name: str) -> dict[str, Any]:
    """Return an action's state. One that a new definition cancelled shows as failed, without a token."""
    runs = (run for run in reversed(machine.runs) if (run.stage, run.action.name) == (stage, name))
    run = next(runs, None)
    if run is None:
        return {"actionName": name}
    waits = run.status == "InProgress"
    cancelled = waits and run.execution.status == "Cancelled"
    shown = {} if run.action.is_approval else {"externalExecutionId": run.outcome.external}
    found: dict[str, Any] = {
        "actionName": name,
        "latestExecution": {
            "actionExecutionId": run.id,
            "status": "Failed" if cancelled else run.status,
            "lastStatusChange": run.updated,
            **_told(
                summary=run.outcome.summary,
                token=run.id if run.asked and waits and not cancelled else "",
                lastUpdatedBy=run.by,
                externalExecutionUrl=run.outcome.url,
                errorDetails=_error(run),
                **shown,
            ),
        },
    }
    if run.outcome.revision:
        known = run.outcome.revision.id
        found["currentRevision"] = {"revisionId": known, "revisionChangeId": known, "created": run.updated}
    return found
