"""What `sync` carries to S3: bundles here, what is stored there, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Bundle:
    """A zip as it belongs in the source bucket: all of a stack, or one half where its sources are split."""

    stack: str
    key: str
    """Where it belongs: `stacks/network/bundle.zip`."""
    content: bytes
    """The whole zip; the same files always make the same bytes."""
    md5: str
    """In hexadecimal: what S3 calls ETag where an object is not encrypted with a KMS key."""
    sha256: str
    """In hexadecimal."""


@dataclass(frozen=True)
class Stored:
    """The current version of an object in S3."""

    key: str
    etag: str
    """Without quotes; it changes with the content, and is its MD5 only without a KMS key."""
    sha256: str = ""
    """What S3 itself checked when the object was written, in hexadecimal; empty where that is not known."""
    version: str = ""
    """The version's id; empty in a listing, which does not tell it."""
    commit: str = ""
    """The commit that it was carried from; empty where that is not known."""

    def holds(self, bundle: Bundle) -> bool:
        """Tell whether S3 says that it is made of the same bytes. Its metadata is not asked: that can lie."""
        return bundle.md5 == self.etag or bundle.sha256 == self.sha256


@dataclass(frozen=True)
class Put:
    """A bundle that is new or changed."""

    bundle: Bundle
    replaces: Stored | None = None
    """What it takes the place of: it is written only if that is still there; None if nothing may be."""
    rank: int = 0
    """How long the longest chain of changed stacks is that it needs; lower ranks go first."""

    @property
    def stack(self) -> str:
        """The stack whose bundle it is."""
        return self.bundle.stack

    @property
    def key(self) -> str:
        """The object's key."""
        return self.bundle.key


@dataclass(frozen=True)
class Delete:
    """A bundle that no stack has any more; its versions stay in the bucket."""

    stack: str
    stored: Stored
    """What is deleted, and only if it is still there."""

    @property
    def key(self) -> str:
        """The object's key."""
        return self.stored.key


@dataclass(frozen=True)
class Keep:
    """A bundle that is in S3 as it should be."""

    bundle: Bundle
    stored: Stored

    @property
    def stack(self) -> str:
        """The stack whose bundle it is."""
        return self.bundle.stack

    @property
    def key(self) -> str:
        """The object's key."""
        return self.bundle.key


Step = Put | Delete | Keep
"""What becomes of one object."""


@dataclass(frozen=True)
class Outcome:
    """What came of a step."""

    step: Step
    result: Literal["done", "planned", "unchanged", "failed", "conflict", "refused", "skipped"]
    """`conflict`: somebody else changed the object. `refused`: more deletions than are allowed.
    `skipped`: not tried, because something before it went wrong."""
    version: str = ""
    """The id of the version, or of the delete marker, where S3 told it."""
    message: str = ""
    """What went wrong, in one line."""
    hint: str = ""
    """What to do about it, in one line."""
