"""The CodeBuild action: a build of a project, with the input artifact."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline.build import BadBuildspec, environment_variables, read
from cfnpipe.rehearsal.codepipeline.clients import Clients
from cfnpipe.rehearsal.codepipeline.faults import ActionFailed
from cfnpipe.rehearsal.codepipeline.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.codepipeline.actions.job import Job


def run(job: Job) -> Outcome:
    """Start a build with the pipeline's role, run it with the project's, and wait for its end."""
    name = job.settings["ProjectName"]
    given = json.loads(job.settings.get("EnvironmentVariables", "[]"))
    codebuild = job.aws("codebuild")
    build = codebuild.start_build(projectName=name, environmentVariablesOverride=given)["build"]
    project = job.site.aws.project(name, job.scope)
    job.site.aws.record(build["id"], job.scope, {"buildStatus": "IN_PROGRESS", "currentPhase": "BUILD"})
    status = "FAILED"
    try:
        status = _build(job, project, build, given)
    finally:
        ended = {"buildStatus": status, "currentPhase": "COMPLETED", "endTime": int(time.time())}
        logs = {"logs": place} if (place := _log(project, build["id"])) else {}
        job.site.aws.record(build["id"], job.scope, ended | logs)
    codebuild.batch_get_builds(ids=[build["id"]])
    if status != "SUCCEEDED":
        text = f"Build terminated with state: {status}"
        raise ActionFailed("JobFailed", text, external=build["id"], url=_page(job, build["id"]))
    return Outcome(external=build["id"], url=_page(job, build["id"]))


def _build(
    job: Job, project: Mapping[str, Any], build: Mapping[str, Any], given: list[Mapping[str, str]]
) -> str:
    """Run the project's buildspec with its service role; return the build's status."""
    identifier, builds = build["id"], job.site.builds

    def say(line: str) -> None:
        builds.say(identifier, line)

    role = job.site.rights.assume(
        project["serviceRole"],
        "codebuild.amazonaws.com",
        f"AWSCodeBuild-{identifier.rpartition(':')[2]}",
        source_arn=project["arn"],
    )
    aws = Clients(job.site.endpoint, job.scope.region, role)
    artifact = job.run.inputs[job.settings.get("PrimarySource") or job.run.action.inputs[0]]
    content = aws("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].read()
    declared = [*project["environment"].get("environmentVariables", ()), *given]
    variables = {
        **_codebuild(job, build, f"{artifact.bucket}/{artifact.key}"),
        **environment_variables(declared, say),
        "AWS_ACCESS_KEY_ID": role.key,
        "AWS_SECRET_ACCESS_KEY": role.secret,
        **({"AWS_SESSION_TOKEN": role.token} if role.token else {}),
    }
    try:
        spec = read(project["source"].get("buildspec", ""))
    except BadBuildspec as error:
        say(f"[Container] YAML_FILE_ERROR: {error}")
        code = 1
    else:
        code = builds.run(identifier, spec, content, variables, project["timeoutInMinutes"] * 60)
        say(f"[Container] Exit code {code}")
    _publish(aws, project, identifier, builds.log(identifier))
    return "SUCCEEDED" if code == 0 else "FAILED"


def _codebuild(job: Job, build: Mapping[str, Any], source: str) -> dict[str, str]:
    """Return the variables that CodeBuild and the place where it runs set."""
    revisions = [run.outcome.revision.id for run in job.run.execution.done() if run.outcome.revision]
    region = job.scope.region
    return {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": job.site.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": f"codepipeline/{job.pipeline}",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": revisions[0] if revisions else "",
        "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{source}",
        "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
    }


def _publish(aws: Clients, project: Mapping[str, Any], build: str, log: str) -> None:
    """Write a build's log to CloudWatch Logs with its own role, where the project has a group."""
    found = _log(project, build)
    if found is None:
        return
    place = {"logGroupName": found["groupName"], "logStreamName": found["streamName"]}
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": line} for line in log.splitlines() if line]
    aws("logs").create_log_stream(**place)
    for begin in range(0, len(lines), 1000):
        aws("logs").put_log_events(**place, logEvents=lines[begin : begin + 1000])


def _log(project: Mapping[str, Any], build: str) -> dict[str, str] | None:
    """Return where a build's log goes, or None."""
    logs = project.get("logsConfig", {}).get("cloudWatchLogs", {})
    if logs.get("status") != "ENABLED" or "groupName" not in logs:
        return None
    return {"groupName": logs["groupName"], "streamName": build.rpartition(":")[2]}


def _page(job: Job, build: str) -> str:
    project, _, number = build.rpartition(":")
    region = job.scope.region
    return (
        f"https://console.aws.amazon.com/codebuild/home?region={region}#/builds/{project}:{number}/view/new"
    )
