"""The approval action: a message to the topic, in the two forms that CodePipeline sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.actions.job import Job

NAME = 24
"""How much of a name stands in a subject."""


def request(job: Job) -> None:
    """Publish the request for a review, where the action has a topic."""
    topic = job.settings.get("NotificationArn")
    if topic:
        told = {"default": json.dumps(_data(job)), "email": _mail(job)}
        job.aws("sns").publish(
            TopicArn=topic, Subject=_subject(job), Message=json.dumps(told), MessageStructure="json"
        )


def _subject(job: Job) -> str:
    action = _short(job.run.action.name)
    return f"APPROVAL NEEDED: AWS CodePipeline {_short(job.pipeline)} for action {action}"


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"{name[:NAME]}..."


def _console(job: Job) -> str:
    region = job.scope.region
    return f"https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{job.pipeline}/view?region={region}"


def _review(job: Job) -> str:
    return f"{_console(job)}#/{job.run.stage}/{job.run.action.name}/approve/{job.run.id}"


def _deadline(job: Job) -> str:
    return datetime.fromtimestamp(job.run.expires, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _data(job: Job) -> dict[str, object]:
    """Return what subscribers get that read JSON; what the action does not say is null."""
    return {
        "region": job.scope.region,
        "consoleLink": _console(job),
        "approval": {
            "pipelineName": job.pipeline,
            "stageName": job.run.stage,
            "actionName": job.run.action.name,
            "token": job.run.id,
            "expires": _deadline(job),
            "externalEntityLink": job.settings.get("ExternalEntityLink"),
            "approvalReviewLink": _review(job),
            "customData": job.settings.get("CustomData"),
        },
    }


def _mail(job: Job) -> str:
    """Return the mail's body."""
    more = {
        "Additional information": job.settings.get("CustomData"),
        "Content to review": job.settings.get("ExternalEntityLink"),
    }
    lines = [
        "Hello,",
        "",
        "The following Approval action is waiting for your response:",
        "",
        "--Pipeline Details--",
        "",
        f"Pipeline name: {job.pipeline}",
        f"Stage name: {job.run.stage}",
        f"Action name: {job.run.action.name}",
        f"Region: {job.scope.region}",
        "",
        "--Approval Details--",
        "",
        f"Approve or reject: {_review(job)}",
        *(f"{title}: {text}" for title, text in more.items() if text),
        f"Deadline: This review request will expire on {_deadline(job)}",
        "",
        "Sincerely,",
        "Amazon Web Services",
        "",
    ]
    return "\n".join(lines)
