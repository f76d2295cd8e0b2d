"""A local AWS with the completed CloudFormation, in a process of its own.

As a program it is the server: `python -m tests.completed_aws PORT`. What it offers inside its process is
called at `/_inside`.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT
from tests.local_aws import ACCOUNT, REGION, _wait, free_port

if TYPE_CHECKING:
    from cfnpipe.rehearsal.cloudformation import Formation, ResourceOperation
    from cfnpipe.rehearsal.connections import Connections


def serve(port: int) -> None:
    """Run the server until the process ends."""
    settings = {"LOG_LEVEL": "CRITICAL", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    os.environ.update(settings, GATEWAY_PORT=str(port), MINISTACK_ACCOUNT_ID=ACCOUNT, MINISTACK_REGION=REGION)
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config
    from ministack import app

    from cfnpipe.rehearsal import cloudformation, codepipeline
    from cfnpipe.rehearsal.connections import Connections

    connections = Connections()
    codepipeline.install(f"http://127.0.0.1:{port}", codepipeline.Root(ACCOUNT), {}, connections)
    inside = _Inside(cloudformation.install(), connections)
    connections.install()
    config = Config()
    config.bind, config.loglevel = [f"127.0.0.1:{port}"], "ERROR"
    asyncio.run(run(_Door(app.app, inside), config))  # type: ignore[arg-type]


class _Inside:
    """What is called in the server's process."""

    def __init__(self, formation: Formation, connections: Connections) -> None:
        self.formation = formation
        self.connect = connections.connect
        self.asked: list[dict[str, Any]] = []
        self.denied: dict[str, str] = {}
        formation.checks.append(self._check)

    def _check(self, operation: ResourceOperation) -> str | None:
        self.asked.append(asdict(operation))
        return self.denied.get(f"{operation.does} {operation.logical_id}")

    def deny(self, what: str, reason: str) -> None:
        self.denied[what] = reason

    def operations(self, stack: str) -> list[dict[str, Any]]:
        return [each for each in self.asked if each["stack"] == stack]

    def __call__(self, name: str, *arguments: Any) -> Any:
        return getattr(self if hasattr(self, name) else self.formation, name)(*arguments)


@dataclass(frozen=True)
class _Door:
    """Answers at `/_inside`, and hands everything else on."""

    app: Any
    inside: _Inside

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path") != "/_inside":
            return await self.app(scope, receive, send)
        name, *arguments = json.loads((await receive())["body"])
        answer = json.dumps(self.inside(name, *arguments)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body", "body": answer})


@dataclass(frozen=True)
class CompletedAws:
    """The server at its address."""

    endpoint: str

    def inside(self, name: str, *arguments: Any) -> Any:
        asked = json.dumps([name, *arguments]).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_inside", asked) as answer:  # noqa: S310 - our server
            return json.load(answer)

    def client(self, service: str, region: str = REGION) -> Any:
        return _client(self.endpoint, service, region)

    def change_set(self, stack: str, template: dict[str, Any], *, region: str = REGION, **more: Any) -> Any:
        """Make a change set of a stack that is there or not, and describe it with its values."""
        formation = self.client("cloudformation", region)
        try:
            status = self.status(stack, region)
        except formation.exceptions.ClientError:
            status = "REVIEW_IN_PROGRESS"
        made = formation.create_change_set(
            StackName=stack,
            ChangeSetName=f"change-{time.time_ns()}",
            ChangeSetType="CREATE" if status == "REVIEW_IN_PROGRESS" else "UPDATE",
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **({} if "TemplateURL" in more else {"TemplateBody": json.dumps(template)}),
            **more,
        )
        return formation.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)

    def deploy(self, stack: str, template: dict[str, Any], *, region: str = REGION, **more: Any) -> str:
        """Change a stack by a change set, and return how that ends."""
        formation = self.client("cloudformation", region)
        made = self.change_set(stack, template, region=region, **more)
        assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
        formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
        return self.ends(stack, region)

    def ends(self, stack: str, region: str = REGION) -> str:
        while (status := self.status(stack, region)).endswith("IN_PROGRESS"):
            time.sleep(0.02)
        return status

    def status(self, stack: str, region: str = REGION) -> str:
        found = self.client("cloudformation", region).describe_stacks(StackName=stack)
        return str(found["Stacks"][0]["StackStatus"])

    def events(self, stack: str, region: str = REGION) -> list[str]:
        """Return logical id and status of a stack's events, oldest first."""
        told = self.client("cloudformation", region).describe_stack_events(StackName=stack)["StackEvents"]
        return [f"{each['LogicalResourceId']} {each['ResourceStatus']}" for each in reversed(told)]

    def reasons(self, stack: str, region: str = REGION) -> dict[str, str]:
        """Return the reason of each event of a failure, by logical id."""
        told = self.client("cloudformation", region).describe_stack_events(StackName=stack)["StackEvents"]
        return {
            each["LogicalResourceId"]: each["ResourceStatusReason"]
            for each in told
            if each["ResourceStatus"].endswith("_FAILED")
        }

    def rollback(self, stack: str) -> str:
        """Return why a stack rolled back last."""
        told = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        found = (each for each in told if each["ResourceStatus"].endswith("ROLLBACK_IN_PROGRESS"))
        return str(next(found)["ResourceStatusReason"])

    def deploy_example(self, environment: str, stack: str, region: str) -> str:
        """Deploy a stack of the example as it was rendered."""
        folder = ROOT / "stacks" / environment / stack
        bucket = f"templates-{ACCOUNT}-{region}"
        self.client("s3").create_bucket(Bucket=bucket)
        text = json.dumps(json.loads(Path(folder / "template.json").read_text("utf-8")))
        self.client("s3").put_object(Bucket=bucket, Key=f"{environment}/{stack}", Body=text)
        given = json.loads((folder / "configuration.json").read_text("utf-8"))
        return self.deploy(
            f"{environment}-{stack}",
            {},
            region=region,
            TemplateURL=f"{self.endpoint}/{bucket}/{environment}/{stack}",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in given.get("Parameters", {}).items()
            ],
            Tags=[{"Key": key, "Value": value} for key, value in given.get("Tags", {}).items()],
        )


@cache
def _client(endpoint: str, service: str, region: str) -> Any:
    import boto3

    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",  # noqa: S106 - the server takes any
    )


@cache
def started() -> CompletedAws:
    """The server of this process's tests."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.completed_aws", str(port)], cwd=ROOT)
    atexit.register(server.kill)
    _wait(port, server)
    return CompletedAws(f"http://127.0.0.1:{port}")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
