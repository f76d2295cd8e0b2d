"""A local AWS with the executing CodePipeline in this process, and the example's production-us in it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import subprocess
import threading
import time
import urllib.request
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from cfnpipe.rehearsal.codepipeline import Denied, Root, Runner, install
from tests.conftest import ROOT
from tests.local_aws import ACCOUNT, REGION, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ENVIRONMENT = "production-us"
SOURCE = f"cfnpipe-{ENVIRONMENT}-source-{ACCOUNT}-{REGION}"
SETTINGS = {
    "LOG_LEVEL": "CRITICAL",
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_REGION": REGION,
}


class Recording(Root):
    """Everybody may do everything but what a test forbids; what was asked for is written down."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT)
        self.who = f"arn:aws:iam::{ACCOUNT}:user/reviewer"
        self.assumed: list[tuple[str, str, str | None]] = []
        self.checked: list[tuple[str, str, str]] = []
        self.untrusting: set[str] = set()
        self.forbidden: set[str] = set()

    def caller(self, headers: Mapping[str, str]) -> str:
        assert "authorization" in {key.lower() for key in headers}
        return self.who

    def assume(self, role_arn: str, service: str, session_name: str, source_arn: str | None = None) -> Any:
        self.assumed.append((role_arn, service, source_arn))
        if role_arn in self.untrusting:
            raise Denied(f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")
        return super().assume(role_arn, service, session_name, source_arn)

    def check(self, principal_arn: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        super().check(principal_arn, action, resource, context)
        self.checked.append((principal_arn, action, resource))
        if action in self.forbidden:
            raise Denied(f"{principal_arn} is not authorized to perform: {action} on resource: {resource}")


@dataclass
class Rehearsed:
    """The local AWS, and boto3's clients of it."""

    endpoint: str
    runner: Runner
    rights: Recording
    _clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, service: str) -> Any:
        import boto3

        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="secret",  # noqa: S106 - the server takes any
            )
        return self._clients[service]

    @cached_property
    def pipelines(self) -> Any:
        return self("codepipeline")

    def deploy(self, stack: str) -> None:
        """Make one of the example's stacks, as it was rendered."""
        folder = ROOT / "stacks" / ENVIRONMENT / stack
        given = json.loads((folder / "configuration.json").read_text("utf-8"))
        text = json.dumps(json.loads((folder / "template.json").read_text("utf-8")))
        bucket = f"made-{ACCOUNT}"
        self("s3").create_bucket(Bucket=bucket)
        self("s3").put_object(Bucket=bucket, Key=stack, Body=text)
        made = self("cloudformation").create_stack(
            StackName=f"{ENVIRONMENT}-{stack}",
            TemplateURL=f"{self.endpoint}/{bucket}/{stack}",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in given.get("Parameters", {}).items()
            ],
            Tags=[{"Key": key, "Value": value} for key, value in given.get("Tags", {}).items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        until(lambda: self.stack(made["StackId"]) == "CREATE_COMPLETE")

    def stack(self, name: str) -> str:
        return str(self("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    def upload(self, stack: str, template: Mapping[str, Any], **files: Any) -> str:
        """Put a bundle where its pipeline fetches it; return the version."""
        content = {
            "template": template,
            "configuration": {},
            "protection": {"TerminationProtection": False},
            **files,
        }
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            for name, value in content.items():
                archive.writestr(f"{name}.json", json.dumps(value))
        made = self("s3").put_object(Bucket=SOURCE, Key=f"stacks/{stack}/bundle.zip", Body=zipped.getvalue())
        return str(made["VersionId"])

    def executions(self, pipeline: str) -> list[dict[str, Any]]:
        found = self.pipelines.list_pipeline_executions(pipelineName=pipeline)
        return list(found["pipelineExecutionSummaries"])

    def execution_of(self, pipeline: str, version: str) -> dict[str, Any] | None:
        for each in self.executions(pipeline):
            if any(revision["revisionId"] == version for revision in each["sourceRevisions"]):
                return each
        return None

    def status(self, pipeline: str, execution: str) -> str:
        got = self.pipelines.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution)
        return str(got["pipelineExecution"]["status"])

    def ends(self, pipeline: str, execution: str, seconds: float = 20) -> str:
        """Wait for the end of an execution and return its status."""

        def status() -> str | None:
            found = self.status(pipeline, execution)
            return None if found in {"InProgress", "Stopping"} else found

        return str(until(status, seconds))

    def token(self, pipeline: str, action: str, execution: str) -> str:
        """Wait until an execution asks for an approval and return its token."""

        def found() -> str | None:
            state = self.pipelines.get_pipeline_state(name=pipeline)
            for stage in state["stageStates"]:
                if stage.get("latestExecution", {}).get("pipelineExecutionId") != execution:
                    continue
                for each in stage["actionStates"]:
                    if each["actionName"] == action and "token" in each.get("latestExecution", {}):
                        return str(each["latestExecution"]["token"])
            return None

        return str(until(found))

    def settle(self) -> None:
        """Stop everything that runs."""
        for each in self.pipelines.list_pipelines()["pipelines"]:
            for execution in self.executions(each["name"]):
                if execution["status"] in {"InProgress", "Stopping"}:
                    with contextlib.suppress(Exception):
                        self.pipelines.stop_pipeline_execution(
                            pipelineName=each["name"],
                            pipelineExecutionId=execution["pipelineExecutionId"],
                            abandon=True,
                        )

    def decide(self, pipeline: str, action: str, execution: str, status: str = "Approved") -> None:
        self.pipelines.put_approval_result(
            pipelineName=pipeline,
            stageName="Deploy",
            actionName=action,
            result={"summary": f"{status} it", "status": status},
            token=self.token(pipeline, action, execution),
        )

    def actions(self, pipeline: str, execution: str) -> dict[str, dict[str, Any]]:
        """The latest attempt at each action of an execution."""
        found = self.pipelines.list_action_executions(
            pipelineName=pipeline, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        return {each["actionName"]: each for each in reversed(found)}


def until(met: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait for something and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := met():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def served(repositories: Mapping[str, Path]) -> Iterator[Rehearsed]:
    """Run ministack with the pipelines in this process, for as long as a fixture needs it."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        for key, value in (SETTINGS | {"GATEWAY_PORT": str(port)}).items():
            patch.setenv(key, value)
        endpoint, rights = f"http://127.0.0.1:{port}", Recording()
        runner = install(endpoint, rights, repositories)
        stop = _serve(port)
        until(lambda: _answers(port))
        try:
            yield Rehearsed(endpoint, runner, rights)
        finally:
            runner.stop()
            reset = urllib.request.Request(f"{endpoint}/_ministack/reset", method="POST")  # noqa: S310 - local
            urllib.request.urlopen(reset).close()  # noqa: S310 - as above
            stop()


def _serve(port: int) -> Callable[[], None]:
    """Start the server in a thread; return what stops it."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = None
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def stopped() -> None:
        await over.wait()

    def run() -> None:
        loop.run_until_complete(serve(app.app, config, shutdown_trigger=stopped))

    def stop() -> None:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return stop


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def repository(folder: Path, files: Mapping[str, str]) -> None:
    """Make a Git repository with one commit on master."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "master")
    commit(folder, files, "Begin")


def commit(folder: Path, files: Mapping[str, str], message: str) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    git(folder, "add", "--all")
    git(
        folder,
        "-c",
        "user.name=A Developer",
        "-c",
        "user.email=developer@example.com",
        "commit",
        "--quiet",
        "-m",
        message,
    )
    return git(folder, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True, text=True)
    return done.stdout.strip()
