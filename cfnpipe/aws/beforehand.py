"""Errors of AWS that come before anything was changed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cfnpipe.aws.errors import AwsError
from cfnpipe.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def beforehand(missing: str = "") -> Iterator[None]:
    """Turn an `AwsError` inside into `Refused`. `missing`: the hint where AWS finds no such thing."""
    try:
        yield
    except AwsError as error:
        hint = error.hint or (missing if error.code == "NotFound" else "")
        raise Refused(error.message, hint=hint) from error
