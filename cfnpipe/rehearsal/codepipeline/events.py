"""Events of CodePipeline, as EventBridge gets them (user guide: "Monitoring CodePipeline events")."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.states import ActionRun, Changed


def event(changed: Changed, arn: str, now: float, identifier: str) -> dict[str, Any]:
    """Return the event of a change, in the form in which the local EventBridge dispatches events."""
    execution = changed.execution
    detail: dict[str, Any] = {
        "pipeline": execution.definition.name,
        "execution-id": execution.id,
        "start-time": _time(execution.started),
        "state": changed.state,
        "version": float(execution.definition.version),
        "pipeline-execution-attempt": float(execution.attempt),
    }
    kind, trigger = execution.trigger
    if changed.run:
        detail |= _action(changed.run, arn.split(":")[3])
    elif changed.stage:
        detail |= {"stage": changed.stage}
    else:
        detail |= {"execution-trigger": {"trigger-type": kind, "trigger-detail": trigger}}
    what = "Action" if changed.run else "Stage" if changed.stage else "Pipeline"
    return envelope(f"CodePipeline {what} Execution State Change", detail, arn, now, identifier)


def envelope(kind: str, detail: dict[str, Any], arn: str, now: float, identifier: str) -> dict[str, Any]:
    """Return an event about one resource, whose ARN has the service, the region and the account."""
    _, _, service, region, account, *_ = arn.split(":")
    return {
        "EventId": identifier,
        "Source": f"aws.{service}",
        "DetailType": kind,
        "Detail": json.dumps(detail),
        "EventBusName": "default",
        "Time": _time(now),
        "Resources": [arn],
        "Account": account,
        "Region": region,
    }


def _action(run: ActionRun, region: str) -> dict[str, Any]:
    outcome = run.outcome
    result = {
        "external-execution-id": outcome.external,
        "external-execution-summary": outcome.summary or outcome.message,
        "external-execution-url": outcome.url,
        "error-code": outcome.error,
    }
    return {
        "stage": run.stage,
        "action": run.action.name,
        "action-execution-id": run.id,
        "region": region,
        "type": run.action.declared["actionTypeId"],
        "execution-result": {key: value for key, value in result.items() if value},
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
