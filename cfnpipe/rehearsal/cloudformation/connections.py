"""CodeConnections: connections to Git hosts, which a person confirms in the console."""

from __future__ import annotations

import json
from typing import Any, Literal

Status = Literal["PENDING", "AVAILABLE", "ERROR"]
Reply = tuple[int, dict[str, str], bytes]
_TARGETS = {
    "codeconnections": "com.amazonaws.codeconnections.CodeConnections_20231201",
    "codestar-connections": "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
}
"""The service by its new and by its old name."""


class Connections:
    """The service. A connection that nobody spoke of is there and available."""

    def __init__(self) -> None:
        self._statuses: dict[str, Status] = {}

    def install(self) -> None:
        """Add the service to ministack, under both its names."""
        from ministack import app
        from ministack.core import iam_actions, router

        for name, target in _TARGETS.items():
            router.SERVICE_PATTERNS[name] = {
                "target_prefixes": [target],
                "host_patterns": [rf"{name}\."],
                "credential_scope": name,
            }
            app.SERVICE_REGISTRY[name] = {"module": name}
            app.SERVICE_HANDLERS[name] = self.handle_request
            app._loaded_modules[name] = self
            iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name

    def connect(self, arn: str, status: Status) -> None:
        """Say how it stands with a connection."""
        self._statuses[arn] = status

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
    ) -> Reply:
        """Answer `GetConnection`, the one operation that is asked for."""
        del method, path, query_params
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation != "GetConnection":
            return _reply(
                400, {"__type": "UnknownOperationException", "message": f"{operation} is not there"}
            )
        arn = json.loads(body)["ConnectionArn"]
        connection = {
            "ConnectionArn": arn,
            "ConnectionName": "rehearsal",
            "ConnectionStatus": self._statuses.get(arn, "AVAILABLE"),
            "OwnerAccountId": arn.split(":")[4],
            "ProviderType": "GitHub",
        }
        return _reply(200, {"Connection": connection})

    def reset(self) -> None:
        """Forget what was said of connections."""
        self._statuses.clear()

    def get_state(self) -> dict[str, Any]:
        """Return nothing: connections do not outlive the process."""
        return {}


def _reply(status: int, answer: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()
