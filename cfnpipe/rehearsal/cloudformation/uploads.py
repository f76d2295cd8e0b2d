"""S3's events on EventBridge: with the version of the object, which ministack leaves out.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

_VERSION: ContextVar[str | None] = ContextVar("version of an object", default=None)


def install() -> None:
    """Have the version told by each event of S3 that goes to EventBridge."""
    from ministack.services import eventbridge, s3

    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def firing(*event: Any, **more: Any) -> None:
        token = _VERSION.set(more.get("version_id"))
        try:
            fire(*event, **more)
        finally:
            _VERSION.reset(token)

    def dispatching(event: dict[str, Any], view: Any = None) -> None:
        version = _VERSION.get()
        if version and event.get("Source") == "aws.s3":
            event = {**event, "Detail": json.dumps(_versioned(json.loads(event["Detail"]), version))}
            view = None
        _VERSION.set(None)
        dispatch(event, view)

    s3._fire_s3_event, eventbridge._dispatch_event = firing, dispatching


def _versioned(detail: dict[str, Any], version: str) -> dict[str, Any]:
    detail["object"]["version-id"] = version
    if detail.get("deletion-type") == "Delete Marker Created":
        del detail["object"]["size"], detail["object"]["etag"]  # A delete marker has neither.
    return {key: value for key, value in detail.items() if key != "event-version"}
