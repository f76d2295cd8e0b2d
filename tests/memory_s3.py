"""A source bucket in memory, with the contract of `cfnpipe.aws.Bucket`, and faults at any request."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from cfnpipe.aws import AwsError, Identity
from cfnpipe.model.transfer import Bundle, Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Answer = TypeVar("_Answer")

Fault = Literal[
    "crash before",
    "crash after",
    "lost reply",
    "lost for good",
    "not applied",
    "slow down",
    "conflict",
    "denied",
]
"""`lost reply`: the call is applied, and botocore repeats it. `lost for good`: it is applied, and every
repetition is lost too. `not applied` and `slow down`: it is not applied, however often it is tried."""


class Crash(BaseException):
    """The process has died; nothing that it still does has an effect."""


@dataclass(frozen=True)
class Version:
    """One version of an object; without content it is a delete marker."""

    id: str
    content: bytes | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    plain: bool = True

    @property
    def etag(self) -> str:
        salt = b"" if self.plain else b"by a key"
        return hashlib.md5((self.content or b"") + salt, usedforsecurity=False).hexdigest()


@dataclass
class MemoryS3:
    """What a bucket has been through."""

    kms: bool = False
    """Whether ETags are no digests."""
    objects: dict[str, list[Version]] = field(default_factory=dict)
    """Every version of each key, oldest first."""
    created: list[tuple[str, bytes]] = field(default_factory=list)
    """What EventBridge was told: key and content of each object created, in order."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Every request that arrived: operation and key."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def current(self, key: str) -> Version | None:
        versions = self.objects.get(key)
        return versions[-1] if versions and versions[-1].content is not None else None

    def contents(self) -> dict[str, bytes]:
        found = {key: self.current(key) for key in sorted(self.objects)}
        return {key: version.content or b"" for key, version in found.items() if version}

    def put(self, key: str, content: bytes, metadata: Mapping[str, str]) -> str:
        self.created.append((key, content))
        return self.add(key, content, metadata)

    def add(self, key: str, content: bytes | None, metadata: Mapping[str, str] | None = None) -> str:
        versions = self.objects.setdefault(key, [])
        versions.append(Version(f"{key}#{len(versions)}", content, metadata or {}, not self.kms))
        return versions[-1].id


@dataclass
class MemoryBucket:
    """One process's view of the bucket: its requests may meet faults."""

    server: MemoryS3
    faults: Callable[[int, str, str], Fault | None] = lambda _number, _operation, _key: None
    """Asked for the fault of each request, by its number from 0, its operation and its key."""
    name: str = "memory"
    number: int = 0
    dead: bool = False

    def identity(self) -> Identity:
        return Identity("111122223333", "arn:aws:iam::111122223333:user/test")

    def region(self) -> str:
        return self._request("region", "", lambda: "us-east-1")

    def versioned(self) -> bool:
        return self._request("versioned", "", lambda: True)

    def list(self, prefix: str) -> tuple[Stored, ...]:
        return self._request("list", prefix, lambda: self._list(prefix))

    def head(self, key: str) -> Stored | None:
        return self._request("head", key, lambda: self._head(key))

    def put(self, bundle: Bundle, replaces: str | None, metadata: Mapping[str, str]) -> str:
        return self._request("put", bundle.key, lambda: self._put(bundle, replaces, metadata))

    def delete(self, key: str, etag: str) -> str:
        return self._request("delete", key, lambda: self._delete(key, etag))

    def _request(self, operation: str, key: str, answer: Callable[[], _Answer]) -> _Answer:
        with self.server.lock:
            number, self.number = self.number, self.number + 1
            self.server.requests.append((operation, key))
        fault = self.faults(number, operation, key)
        with self.server.lock:
            if self.dead:
                raise Crash
            if fault == "crash before":
                self._die()
            refusal = _refusal(fault)
            if refusal:
                raise refusal
            try:
                answered = answer()
                return answer() if fault == "lost reply" else answered
            finally:
                if fault == "crash after":
                    self._die()
                if fault == "lost for good":
                    raise AwsError("no answer")

    def _die(self) -> None:
        self.dead = True
        raise Crash

    def _list(self, prefix: str) -> tuple[Stored, ...]:
        keys = sorted(key for key in self.server.objects if key.startswith(prefix))
        current = ((key, self.server.current(key)) for key in keys)
        return tuple(Stored(key, version.etag) for key, version in current if version)

    def _head(self, key: str) -> Stored | None:
        version = self.server.current(key)
        if version is None:
            return None
        sha256 = hashlib.sha256(version.content or b"").hexdigest()
        return Stored(key, version.etag, sha256, version.id, version.metadata.get("commit", ""))

    def _put(self, bundle: Bundle, replaces: str | None, metadata: Mapping[str, str]) -> str:
        self._require(bundle.key, replaces)
        return self.server.put(bundle.key, bundle.content, metadata)

    def _delete(self, key: str, etag: str) -> str:
        self._require(key, etag)
        return self.server.add(key, None)

    def _require(self, key: str, etag: str | None) -> None:
        version = self.server.current(key)
        if etag is not None and version is None:
            raise AwsError("there is none", code="NoSuchKey")
        if (version and version.etag) != etag:
            raise AwsError("something else is there", code="PreconditionFailed")


def _refusal(fault: Fault | None) -> AwsError | None:
    codes = {
        "not applied": "",
        "slow down": "SlowDown",
        "conflict": "ConditionalRequestConflict",
        "denied": "AccessDenied",
    }
    return AwsError(str(fault), code=codes[fault]) if fault in codes else None
