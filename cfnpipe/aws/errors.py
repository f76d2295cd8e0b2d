"""What AWS refuses, and what keeps it from answering, in one line for the person who can mend it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import BotoCoreError, ClientError

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_SKEWED = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_THROTTLED = {
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_HOPELESS = _DENIED | _EXPIRED | _UNKNOWN | _SKEWED | {"AllAccessDisabled", "NoCredentials", "NoSuchBucket"}
_EXPLAINED = (
    ({"NotFound"}, "there is none", ""),
    (_EXPIRED, "the credentials have expired", "get new ones, then run the command again"),
    (_UNKNOWN, "AWS does not accept the credentials ({})", "see: aws sts get-caller-identity"),
    (_SKEWED, "the clock of this machine is wrong, so AWS trusts no request", "set the clock"),
    (_THROTTLED, "too many requests, after several attempts ({})", "run the command again later"),
)
"""What is said of some codes, and the hint."""
_BARE = {"403": "AccessDenied", "404": "NotFound", "412": "PreconditionFailed"}
"""What the reply to a HEAD says: it has no body, so botocore shows its status as the code."""


class AwsError(CfnpipeError):
    """AWS refused a call, or did not answer."""

    exit_code = 1

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        """AWS's own code: `AccessDenied`, `NotFound` for a HEAD; empty where there was no answer."""

    @property
    def hopeless(self) -> bool:
        """Tell whether every other call of this run would end the same way: credentials, rights, clock."""
        return self.code in _HOPELESS or self.code.startswith("KMS.")


@contextlib.contextmanager
def expected(action: str, what: str) -> Iterator[None]:
    """Turn what botocore raises inside into an `AwsError`.

    `action`: the IAM action that the call needs, such as `s3:PutObject`. `what`: what it is done to, such
    as `s3://bucket/key`. The message reads `s3:PutObject on s3://bucket/key: access denied`.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _refused(action, what, error) from error
    except BotoCoreError as error:
        raise _unanswered(action, what, error) from error
    except ResponseParserError as error:
        hint = "something between here and AWS answers in its place: a proxy, a login page"
        raise AwsError(f"{action} on {what}: the answer is not one of AWS's", hint=hint) from error


def _refused(action: str, what: str, error: ClientError) -> AwsError:
    fault: dict[str, Any] = error.response.get("Error", {})
    code = str(fault.get("Code", ""))
    code, text = _BARE.get(code, code), _one_line(str(fault.get("Message", "")))
    reason, hint = _explained(action, code, text)
    return AwsError(f"{action} on {what}: {reason}", code=code, hint=hint)


def _explained(action: str, code: str, text: str) -> tuple[str, str]:
    """Return the reason and the hint for a code of AWS."""
    if code in _DENIED:
        named = re.search(r"not authorized to perform: ([a-z0-9-]+:\w+)", text)
        needed, detail = (named[1], f" ({text})") if named else (action, "")
        return f"access denied{detail}", f"these credentials need {needed}, and nothing may deny it"
    for codes, reason, hint in _EXPLAINED:
        if code in codes:
            return reason.format(code), hint
    return f"{code}: {text}" if text else code, ""


def _unanswered(action: str, what: str, error: BotoCoreError) -> AwsError:
    from botocore import exceptions as kinds

    text, code, hint = _one_line(str(error)), "", ""
    if isinstance(error, (kinds.SSOError, kinds.TokenRetrievalError, kinds.LoginError)):
        code, hint = "NoCredentials", "log in again: aws sso login, or aws login"
    elif isinstance(error, kinds.ProfileNotFound):
        code, hint = "NoCredentials", "set AWS_PROFILE to one that exists: aws configure list-profiles"
    elif isinstance(
        error, (kinds.NoCredentialsError, kinds.PartialCredentialsError, kinds.CredentialRetrievalError)
    ):
        code, hint = "NoCredentials", "log in, or set AWS_PROFILE"
    elif isinstance(error, (kinds.ConnectionError, kinds.HTTPClientError)):
        hint = "check the network, the proxy and AWS_ENDPOINT_URL, then run the command again"
    return AwsError(f"{action} on {what}: {text}", code=code, hint=hint)


def _one_line(text: str) -> str:
    return " ".join(text.split())
