"""A proxy before a local S3 that does to requests what networks and servers do to them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived."""

    method: str
    target: str
    """Path and query: `/bucket/stacks/network/bundle.zip`."""
    raw: bytes


class Fault(Protocol):
    """What becomes of one request."""

    def __call__(self, request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
        """Answer the client, or not; `forward` passes on the request, or other bytes, for the reply."""


def passed(_request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
    """Nothing happens to it."""
    client.sendall(forward())


def reset(_request: Request, _client: socket.socket, _forward: Callable[..., bytes]) -> None:
    """The connection breaks before the server hears of it."""


def lost_reply(_request: Request, _client: socket.socket, forward: Callable[..., bytes]) -> None:
    """The server has done it, and the connection breaks before the client hears of it."""
    forward()


def cut_reply(_request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
    """The connection breaks in the middle of the reply."""
    reply = forward()
    client.sendall(reply[: len(reply) // 2])


def cut_request(request: Request, _client: socket.socket, forward: Callable[..., bytes]) -> None:
    """The connection breaks in the middle of the request, and the server has heard the first half."""
    forward(request.raw[: -len(request.raw) // 4], wait=False)


def delayed(_request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
    """The reply takes a while."""
    time.sleep(0.3)
    client.sendall(forward())


def error(status: str, code: str, *, applied: bool) -> Fault:
    """The server answers with an error of S3's, and has done it or not."""

    def fault(_request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
        if applied:
            forward()
        client.sendall(xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status))

    return fault


def answer(reply: bytes) -> Fault:
    """Something else answers, and the server hears nothing."""

    def fault(_request: Request, client: socket.socket, _forward: Callable[..., bytes]) -> None:
        client.sendall(reply)

    return fault


def xml(body: str, status: str = "200 OK", kind: str = "application/xml") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()


@dataclass
class Hold:
    """A request that hangs until it is let go; it is passed on then, or has been before."""

    applied: bool
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, _request: Request, client: socket.socket, forward: Callable[..., bytes]) -> None:
        reply = forward() if self.applied else None
        self.reached.set()
        self.released.wait()
        client.sendall(forward() if reply is None else reply)


@dataclass
class Proxy:
    """A proxy that is running; it takes one request from each connection."""

    port: int
    choose: Callable[[int, Request], Fault] = lambda _number, _request: passed
    """The fate of each request, by its number from 0."""
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at(self, method: str, ending: str, *faults: Fault) -> None:
        """Let requests of a method for targets that end so meet these faults, one after the other."""
        waiting = list(faults)

        def choose(_number: int, request: Request) -> Fault:
            hit = request.method == method and request.target.endswith(ending)
            return waiting.pop(0) if hit and waiting else passed

        self.choose = choose

    def serve(self, client: socket.socket, target: tuple[str, int]) -> None:
        with client, contextlib.suppress(OSError):
            request = _read(client)
            if request is None:
                return
            with self.lock:
                number = len(self.requests)
                self.requests.append(request)
            self.choose(number, request)(request, client, partial(_forward, target, request.raw))
            client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(endpoint: str) -> Iterator[Proxy]:
    """Run a proxy before a server."""
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(listener.getsockname()[1])

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    arguments = (client, (host, int(port)))
                    threading.Thread(target=proxy.serve, args=arguments, daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _read(client: socket.socket) -> Request | None:
    """Read a request; None if the client has none. A client that asks whether it may send its body may."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        received = client.recv(65536)
        if not received:
            return None
        raw += received
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    if "expect" in headers:
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < int(headers.get("content-length", "0")):
        body += client.recv(65536)
    kept = [line for line in lines if not line.lower().startswith(("expect:", "connection:"))]
    method, target, _ = lines[0].split(" ")
    return Request(method, target, "\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1") + body)


def _forward(target: tuple[str, int], whole: bytes, raw: bytes = b"", *, wait: bool = True) -> bytes:
    """Pass a request on, or other bytes in its place, and return the whole reply if that is waited for."""
    reply = b""
    with socket.create_connection(target) as server:
        server.sendall(raw or whole)
        while wait and (received := server.recv(65536)):
            reply += received
    return reply
