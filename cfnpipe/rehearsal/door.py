"""The side door of the local AWS: what a person does in the console, and no API can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cfnpipe.rehearsal.connections import Connections

    App = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]

HANDSHAKES = "/_rehearsal/handshakes/"
"""`POST /_rehearsal/handshakes/ARN` completes the handshake of a connection.

The gate opens it to the account's root only, as every path that begins so.
"""


@dataclass(frozen=True)
class Door:
    """An ASGI application that stands before another one, and behind the gate."""

    app: App
    connections: Connections

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer at the side door; hand everything else on."""
        if scope["type"] != "http" or not scope["path"].startswith(HANDSHAKES):
            await self.app(scope, receive, send)
            return
        arn = scope["path"].removeprefix(HANDSHAKES)
        if scope["method"] != "POST":
            status, said = 405, "POST completes the handshake of a connection"
        elif self.connections.complete(arn):
            status, said = 200, f"{arn} is AVAILABLE"
        else:
            status, said = 404, f"there is no connection {arn}"
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": f"{said}\n".encode()})
