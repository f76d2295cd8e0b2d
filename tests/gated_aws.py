"""A local AWS with the gate before it, in a process of its own.

As a program it is the server: `python -m tests.gated_aws PORT`. Besides ministack it has pipelines that do
nothing, handlers of CloudFormation that need what their schemas say, and a door to what acts inside of it.
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
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.conftest import ROOT
from tests.local_aws import _wait, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION = "111122223333", "us-east-1"
PIPELINES = {"target_prefixes": ["CodePipeline_20150709"]}


def serve(port: int) -> None:
    """Run the server until the process ends."""
    settings = {"LOG_LEVEL": "CRITICAL", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    os.environ.update(settings, GATEWAY_PORT=str(port), MINISTACK_ACCOUNT_ID=ACCOUNT)
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config
    from ministack import app
    from ministack.core import router
    from ministack.services.cloudformation import provisioners

    from cfnpipe.rehearsal.rights import Gate

    router.SERVICE_PATTERNS["codepipeline"] = PIPELINES
    app.SERVICE_HANDLERS["codepipeline"] = _nothing
    provisioners._RESOURCE_HANDLERS["AWS::CodePipeline::Pipeline"] = {  # noqa: SLF001 - no other way in
        "create": lambda _, properties, __: (properties["Name"], {}),
        "update": lambda physical_id, *_: (physical_id, {}),
        "delete": lambda *_: None,
    }
    config = Config()
    config.bind, config.loglevel = [f"127.0.0.1:{port}"], "ERROR"
    asyncio.run(run(_Doors(Gate(app.app), _Formation()), config))  # type: ignore[arg-type]


async def _nothing(*_: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


class _Formation:
    """Holds whose rights each stack is changed with, and asks for them before each operation."""

    def __init__(self) -> None:
        from ministack.services.cloudformation import stacks

        self.principals: dict[str, str] = {}
        wrapped = {
            "_provision_resource": lambda kind, _, new, stack, *__: (stack, kind, "create", new, {}, ""),
            "_update_resource": lambda kind, there, old, new, stack, *_: (
                (stack, kind, "update", new, old, there) if new != old else None
            ),
            "_delete_resource": lambda kind, there, old, stack, *_: (stack, kind, "delete", old, {}, there),
        }
        for name, meaning in wrapped.items():
            setattr(stacks, name, self._asking(getattr(stacks, name), meaning))

    def _asking(self, act: Callable[..., Any], meaning: Callable[..., Any]) -> Callable[..., Any]:
        def asking(*arguments: Any) -> Any:
            if meant := meaning(*arguments):
                self._ask(*meant)
            return act(*arguments)

        return asking

    def _ask(self, stack: str, kind: str, does: Any, properties: Any, previous: Any, there: str) -> None:  # noqa: PLR0913, PLR0917 - what ministack's functions are given
        from cfnpipe.rehearsal.rights import Operation, handler_denied

        operation = Operation(kind, does, properties, ACCOUNT, REGION, previous, there)
        if denied := handler_denied(self.principals[stack], operation):
            raise RuntimeError(denied)

    def heard(self, headers: dict[str, str], body: bytes) -> None:
        """Note who changes which stack with what role."""
        from cfnpipe.rehearsal.rights import caller

        said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if "StackName" in said and said["Action"].startswith(("Create", "Update")):
            self.principals[said["StackName"]] = said.get("RoleARN") or caller(headers)


@dataclass(frozen=True)
class _Doors:
    """Calls functions of `rights` by name at `/_rights`, and hands everything else on."""

    app: Any
    formation: _Formation

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        events = [await receive()]
        while events[-1].get("more_body"):
            events.append(await receive())
        body = b"".join(event["body"] for event in events)
        if scope["path"] == "/_rights":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            return await send({"type": "http.response.body", "body": json.dumps(_called(body)).encode()})
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            self.formation.heard(headers, body)
        rest = iter(events)

        async def again() -> Any:
            return next(rest, None) or await receive()

        return await self.app(scope, again, send)


def _called(body: bytes) -> Any:
    from cfnpipe.rehearsal import rights

    asked = json.loads(body)
    name = asked.pop("call")
    if name in _INSIDE:
        return _INSIDE[name](**asked)
    try:
        answer = getattr(rights, name)(**asked)
    except rights.Denied as denied:
        return {"denied": denied.message}
    return vars(answer) if isinstance(answer, rights.Credentials) else answer


def _resources() -> dict[str, dict[str, Any]]:
    """What all stacks hold, by stack and logical id."""
    from ministack.core.responses import request_scope
    from ministack.services import cloudformation

    with request_scope(ACCOUNT, REGION):
        stacks = dict(cloudformation._stacks)  # noqa: SLF001 - no other way in
    return {
        f"{stack}/{title}": {
            "kind": resource["ResourceType"],
            "properties": resource["Properties"],
            "there": resource["PhysicalResourceId"],
        }
        for stack, made in stacks.items()
        for title, resource in made["_resources"].items()
    }


def _denials(principal: str, does: Any, kind: str, properties: dict[str, Any], there: str) -> list[str]:
    from cfnpipe.rehearsal.rights import Operation, handler_denials

    previous, there = (properties if does == "update" else {}), ("" if does == "create" else there)
    return handler_denials(principal, Operation(kind, does, properties, ACCOUNT, REGION, previous, there))


_INSIDE: dict[str, Callable[..., Any]] = {"denials": _denials, "resources": _resources}


@dataclass(frozen=True)
class GatedAws:
    """A server that answers at an address."""

    endpoint: str

    def client(self, service: str, *credentials: str) -> Any:
        """A client of boto3's with a key, a secret and perhaps a token; the account's root by default."""
        import boto3
        from botocore.config import Config

        key, secret, *token = credentials or (ACCOUNT, "secret")
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token[0] if token else None,
            config=Config(retries={"max_attempts": 0}),
        )

    def call(self, name: str, **arguments: Any) -> Any:
        """Call a function of `rights` inside the server."""
        asked = json.dumps({"call": name, **arguments}).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_rights", asked) as answer:  # noqa: S310 - our server
            return json.load(answer)

    def act(self, role: str, source: str | None = None) -> tuple[str, str, str]:
        """Credentials of a service that acts as a role which trusts it."""
        trust = self.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"][
            "AssumeRolePolicyDocument"
        ]
        service = trust["Statement"][0]["Principal"]["Service"].partition(".")[0]
        made = self.call("assume", role_arn=role, service=service, session_name="job", source_arn=source)
        return made["key"], made["secret"], made["token"]

    def person(self, name: str, *policies: str) -> tuple[str, str]:
        """Credentials of a new user with managed policies."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        for policy in policies:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]

    def deploy(self, name: str, template: dict[str, Any], *credentials: str, **more: Any) -> str:
        """Create or update a stack; how it ended, and why if it failed."""
        formation = self.client("cloudformation", *credentials)
        try:
            self.client("cloudformation").describe_stacks(StackName=name)
            change = formation.update_stack
        except formation.exceptions.ClientError:
            change = formation.create_stack
        said = {"TemplateBody": json.dumps(template), "Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
        try:
            change(StackName=name, **said)
        except formation.exceptions.ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return "no change"
        return self.outcome(name)

    def outcome(self, name: str) -> str:
        """How the change of a stack ended, and the reason of its first failure."""
        formation = self.client("cloudformation")
        while (status := self._status(name)).endswith("PROGRESS"):
            time.sleep(0.02)
        if status == "gone":
            return status
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [
            each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED")
        ]
        return f"{status}: {failed[-1]}" if "ROLLBACK" in status or "FAILED" in status else status

    def _status(self, name: str) -> str:
        formation = self.client("cloudformation")
        try:
            return str(formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except formation.exceptions.ClientError:
            return "gone"


def start() -> GatedAws:
    """Start a server that this process does not leave behind."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.gated_aws", str(port)], cwd=ROOT)
    atexit.register(server.kill)
    _wait(port, server)
    return GatedAws(f"http://127.0.0.1:{port}")


@cache
def started() -> GatedAws:
    """The server of this process."""
    return start()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
