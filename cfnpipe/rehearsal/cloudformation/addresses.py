"""The addresses of objects in S3, under which CloudFormation reads templates and stack policies.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_VIRTUAL = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9.-]+\.)?amazonaws\.com(?:\.cn)?")
"""A host with a bucket's name in it: `BUCKET.s3.REGION.amazonaws.com`."""


def install() -> None:
    """Have both forms read, of which ministack reads the one with the bucket in the path."""
    from ministack.services.cloudformation import helpers

    helpers._resolve_document = _reading(helpers._resolve_document)


def path(url: str) -> str:
    """Return `/bucket/key` of an address of either form."""
    parts = urlsplit(url)
    key = unquote(parts.path)
    found = _VIRTUAL.fullmatch(parts.hostname or "")
    return f"/{found['bucket']}{key}" if found else key


def _reading(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolving(params: dict[str, Any], body: str, url: str, label: str) -> Any:
        from ministack.services.cloudformation import helpers

        said = helpers._p(params, url)
        return resolve({**params, url: [path(said)]} if said else params, body, url, label)

    return resolving
