"""A local AWS with the gate before it, in a process of its own, and an environment deployed into it.

As a program it is the server: `python -m tests.gated_aws PORT`.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.conftest import ROOT
from tests.local_aws import _wait, free_port

ACCOUNT, REGION = "111122223333", "us-east-1"


def serve(port: int) -> None:
    """Run the server until the process ends."""
    settings = {"LOG_LEVEL": "ERROR", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    os.environ.update(settings, GATEWAY_PORT=str(port), MINISTACK_ACCOUNT_ID=ACCOUNT)
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config
    from ministack import app
    from ministack.core import router
    from ministack.services.cloudformation import provisioners

    from cfnpipe.rehearsal.rights import Gate

    router.SERVICE_PATTERNS["codepipeline"] = {"target_prefixes": ["CodePipeline_20150709"]}
    app.SERVICE_HANDLERS["codepipeline"] = _nothing
    provisioners._RESOURCE_HANDLERS["AWS::CodePipeline::Pipeline"] = {
        "create": lambda _, properties, __: (properties["Name"], {}),
        "delete": lambda *_: None,
    }
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.loglevel = "ERROR"
    asyncio.run(run(Gate(app.app), config))  # type: ignore[arg-type]


async def _nothing(*_: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


@dataclass(frozen=True)
class GatedAws:
    """A server that answers at an address."""

    endpoint: str

    def client(
        self, service: str, key: str = ACCOUNT, secret: str = "secret", token: str | None = None
    ) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}),
        )

    def deploy(self, name: str, template: dict[str, Any]) -> None:
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        formation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
        )


@cache
def started() -> GatedAws:
    """Start the server for this process, which it does not outlive."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.gated_aws", str(port)], cwd=ROOT)
    atexit.register(server.kill)
    _wait(port, server)
    return GatedAws(f"http://127.0.0.1:{port}")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
