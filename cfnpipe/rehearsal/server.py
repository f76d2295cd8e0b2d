"""The local AWS: ministack in a thread of this process, with pipelines that run and policies that count.

```
request ──▶ Gate (IAM) ──▶ Door ──▶ ministack: S3, CloudFormation, EventBridge, IAM, KMS, SNS, CodeBuild, …
                                        └──▶ codepipeline: runs what is rendered, calls back as its roles
```
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cfnpipe.errors import BadInput, CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cfnpipe.rehearsal.cloudformation import Formation, ResourceOperation
    from cfnpipe.rehearsal.codepipeline import Runner
    from cfnpipe.rehearsal.connections import Connections

VERSION = "1.5.33"
"""The one version of ministack whose insides are known here."""

_FOREIGN = ("AWS_", "MINISTACK_", "LOCALSTACK_")
"""How the variables begin that are meant for AWS, or for another local one of this machine."""
_SETTINGS_OF_OTHERS = {
    *("AUTH", "CLOUDTRAIL_RECORDING", "EDGE_PORT", "SERVICES", "SMTP_HOST", "USE_SSL"),
    *("PERSIST_STATE", "S3_PERSIST", "STATE_DIR", "S3_DATA_DIR"),
}
"""Further ones: services that are left out, files that are kept, mails that are sent."""


@dataclass(frozen=True)
class Server:
    """A local AWS that answers."""

    endpoint: str
    """Its address: `http://127.0.0.1:4599`."""
    runner: Runner
    """Its pipelines, and the logs of their builds."""
    formation: Formation
    """Its CloudFormation: placeholders, and the mails that would have been sent."""
    connections: Connections
    """Its connections to Git hosts."""


@contextlib.contextmanager
def serving(
    account: str, region: str, repositories: Mapping[str, Path], *, port: int = 0
) -> Iterator[Server]:
    """Run the local AWS for a while. There is one in a process, and only once.

    `account`: whose root may do everything with its number as access key. `repositories`: by `owner/name`,
    the local Git repository that stands for it. `port`: 0 for any that is free. Raise `BadInput` if it
    cannot be used. What `require` asks for must be there.
    """
    door = take(port)
    port = door.getsockname()[1]
    _prepare(account, region, port)
    from cfnpipe.rehearsal import cloudformation
    from cfnpipe.rehearsal.codepipeline import install
    from cfnpipe.rehearsal.connections import Connections
    from cfnpipe.rehearsal.policies import Policies

    endpoint = f"http://127.0.0.1:{port}"
    connections = Connections()
    runner = install(endpoint, Policies(), repositories, connections)
    formation = cloudformation.install()
    connections.install()
    formation.checks.append(partial(_denied, account, region))
    with _running(door, connections):
        try:
            yield Server(endpoint, runner, formation, connections)
        finally:
            runner.stop()


def _denied(account: str, region: str, operation: ResourceOperation) -> str | None:
    """Return why an operation on a resource is not allowed to whoever it is done with the rights of."""
    from cfnpipe.rehearsal.rights import Operation, handler_denied

    asked = Operation(
        operation.type,
        operation.does,
        dict(operation.properties),
        account,
        region,
        dict(operation.previous),
        operation.physical_id,
    )
    return handler_denied(operation.principal, asked)


def require() -> None:
    """Raise `CfnpipeError` unless ministack is installed, in the version that is known here."""
    from importlib import metadata

    try:
        found = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        found = "none"
    if found != VERSION:
        raise CfnpipeError(
            f"the rehearsal needs ministack {VERSION}, found {found}",
            hint="run: pip install 'cfnpipe[rehearse]'",
        )


def _prepare(account: str, region: str, port: int) -> None:
    """Set what ministack reads when it is imported."""
    _forbid_containers()
    _forget_the_user()
    logging.getLogger("kms").setLevel(
        logging.ERROR
    )  # It misses a package that signs, which nobody needs here.
    os.environ.update(
        LOG_LEVEL="CRITICAL",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_REGION=region,
    )


def _forbid_containers() -> None:
    """Let nothing here find the package that speaks to Docker.

    With it, ministack runs databases, functions and more in containers, and when it starts and ends removes
    those of every ministack of this machine. A rehearsal has records only.
    """
    sys.modules["docker"] = None  # type: ignore[assignment]


def _forget_the_user() -> None:
    """Let nothing here find what is configured for AWS itself, for other local ones, or for the network.

    All calls go to this machine, each with the credentials it is given; a profile that is gone, a token that
    has expired or a proxy that does not answer is no concern of theirs.
    """
    for name in list(os.environ):
        foreign = name.startswith(_FOREIGN) or name in _SETTINGS_OF_OTHERS
        if foreign or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_EC2_METADATA_DISABLED="true"
    )


@contextlib.contextmanager
def _running(door: socket.socket, connections: Connections) -> Iterator[None]:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    from cfnpipe.rehearsal.door import Door
    from cfnpipe.rehearsal.rights import Gate

    config = Config()
    config.bind, config.errorlog, config.graceful_timeout = [f"fd://{door.detach()}"], None, 0.1
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    gate: Any = Gate(Door(app.app, connections))
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(serve(gate, config, shutdown_trigger=over.wait)),
        name="local-aws",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)


def take(port: int) -> socket.socket:
    """Take a port, so that nobody else does; requests wait there until the server is ready.

    Raise `BadInput` if it cannot be had.
    """
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
        door.listen()  # Else a second socket may be bound to it.
    except OSError as error:
        door.close()
        raise BadInput(
            f"port {port} cannot be used: {error.strerror}",
            hint="choose another one, or leave --port out for any that is free",
        ) from error
    return door
