"""Where a service that ministack lacks is plugged into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


class Service(Protocol):
    """A service as ministack knows one: what would be its module."""

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Reply:
        """Answer a request."""

    def reset(self) -> None:
        """Forget everything."""

    def get_state(self) -> dict[str, Any]:
        """Return what would outlive the process."""


def add(name: str, target: str, service: Service) -> None:
    """Have the ministack of this process hand requests to a service, before its server starts.

    `name`: as the credential scope and the host have it. `target`: how `X-Amz-Target` begins.
    """
    from ministack import app
    from ministack.core import iam_actions, router

    router.SERVICE_PATTERNS[name] = {
        "target_prefixes": [target],
        "host_patterns": [rf"{name}\."],
        "credential_scope": name,
    }
    app.SERVICE_REGISTRY[name] = {"module": name}
    app.SERVICE_HANDLERS[name] = service.handle_request
    app._loaded_modules[name] = service
    iam_actions.SERVICE_TO_IAM_NAMESPACE[name] = name
