"""The gate before the local server: no request reaches it that IAM would refuse.

Request ▶ who sent it ▶ what it needs ▶ whether all of that is allowed ▶ the server, or a refusal.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from cfnpipe.rehearsal.rights import calls, inventory
from cfnpipe.rehearsal.rights.calls import Sent
from cfnpipe.rehearsal.rights.credentials import Unknown, answer, caller
from cfnpipe.rehearsal.rights.decisions import Denied, check
from cfnpipe.rehearsal.rights.evaluate import account_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    App = Callable[
        [dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[None]
    ]

_OPEN = ("/_ministack/health", "/_ministack/ready", "/_localstack/health")
"""What the server tells everybody about itself."""
_ANSWERS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
"""Where custom resources and wait conditions answer: on AWS presigned addresses, here ones with a token."""
_BESIDES = "/_"
"""How the paths begin that AWS has not: they are the account root's."""


@dataclass(frozen=True)
class Refusal:
    """An answer in the server's place."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Gate:
    """An ASGI application that stands before another one."""

    app: App

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Refuse a request, or hand it on as it came."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _body(receive)
        if refusal := refuse(scope, body):
            await _answer(send, refusal, head=scope["method"] == "HEAD")
            return
        await self.app(scope, _again(body, receive), send)


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        more = event.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """Return what hands the body on as one event, and after it what else comes from the client."""
    events = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_event() -> Any:
        return events.pop() if events else await receive()

    return next_event


async def _answer(send: Any, refusal: Refusal, *, head: bool) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else refusal.body})


def refuse(scope: dict[str, Any], body: bytes) -> Refusal | None:
    """Return the answer to a request that is not allowed; None for one that is."""
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["path"] in _OPEN or scope["path"].startswith(_ANSWERS):
        return None
    try:
        who = caller(headers, query)
    except Unknown as unknown:
        return _refusal(_sent(scope, headers, query, body), unknown.message, code=unknown.code)
    answer(who)
    if inventory.is_root(who):
        return None
    sent = _sent(scope, headers, query, body, account_of(who))
    with inventory.scope(sent.account, sent.region):
        denied = _denied(sent, who)
    return _refusal(sent, denied, who) if denied else None


def _denied(sent: Sent, who: str) -> str | None:
    needed = None if sent.path.startswith(_BESIDES) else calls.checks(sent)
    if needed is None:
        what = sent.action or f"{sent.method} {sent.path}"
        return f"The rehearsal does not know what {what} needs, and refuses it to all but the account's root"
    try:
        for each in needed:
            check(who, each.action, each.resource, each.context)
    except Denied as denied:
        return denied.message
    return None


def _sent(
    scope: dict[str, Any],
    headers: dict[str, str],
    query: dict[str, list[str]],
    body: bytes,
    account: str = "",
) -> Sent:
    """Return a request with its service and action, found as the server finds them."""
    from ministack import app
    from ministack.core import iam_actions, router

    method, bucket = scope["method"], app._extract_s3_vhost_bucket(headers.get("host", ""))
    path = f"/{bucket}{scope['path']}" if bucket else scope["path"]
    params = app._routing_params(method, path, headers, body, query)
    region = router.extract_region(headers, query)
    service, action = _unlisted(headers)
    if not service:
        service = "s3" if bucket else router.detect_service(method, path, headers, params)
        action = iam_actions.extract_iam_action(service, method, path, headers, body, params) or ""
    return Sent(service, action, method, path, headers, params, body, account, region)


_TARGETS = {
    "CodePipeline_20150709": "codepipeline",
    "com.amazonaws.codeconnections.CodeConnections_20231201": "codeconnections",
    "com.amazonaws.codestar.connections.CodeStar_connections_20191201": "codestar-connections",
}
"""Services that ministack does not have, by how the header names them."""


def _unlisted(headers: dict[str, str]) -> tuple[str, str]:
    """Return service and action where ministack does not have the service; empty where it may."""
    target, _, name = headers.get("x-amz-target", "").rpartition(".")
    service = _TARGETS.get(target, "")
    return service, f"{service}:{name}" if service else ""


def _refusal(sent: Sent, message: str, who: str = "", *, code: str = "") -> Refusal:
    """Return a refusal in the protocol of the service. Only SNS has a code of its own for it."""
    from ministack.core import iam_actions

    service = sent.action.partition(":")[0] if not code and sent.action else sent.service
    named = {"sns": "AuthorizationError", "logs": "AccessDeniedException"}.get(service, "")
    status, headers, body = iam_actions.access_denied_response(
        sent.service if sent.service in iam_actions.SERVICE_TO_IAM_NAMESPACE else service,
        sent.action,
        who,
        str(uuid.uuid4()),
        error_code=code or named,
        message=message,
        headers=sent.headers,
    )
    return Refusal(status, headers, body)
