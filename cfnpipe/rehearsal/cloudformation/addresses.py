"""The addresses of objects in S3, under which CloudFormation reads templates and stack policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights.calls.storage import located

if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> None:
    """Have both forms read, of which ministack reads the one with the bucket in the path."""
    from ministack.services.cloudformation import helpers

    helpers._resolve_document = _reading(helpers._resolve_document)


def _reading(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolving(params: dict[str, Any], body: str, url: str, label: str) -> Any:
        from ministack.services.cloudformation import helpers

        said = helpers._p(params, url)
        return resolve({**params, url: [f"/{located(said)}"]} if said else params, body, url, label)

    return resolving
