"""What AWS refuses, in one line and a hint."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore import exceptions as kinds
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from cfnpipe.aws import AwsError, Session, expected

SSO = (
    "The SSO session associated with this profile has expired or is otherwise invalid. "
    "To refresh this SSO session run aws sso login with the corresponding profile."
)
NETWORK = "check the network, the proxy and AWS_ENDPOINT_URL, then run the command again"
DENIED = (
    "User: arn:aws:iam::111122223333:user/a is not authorized to perform: kms:GenerateDataKey "
    "on resource: arn:aws:kms:us-east-1:111122223333:key/1"
)


def refusal(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "said", "code", "hint"),
    [
        (
            refusal("AccessDenied", "Access Denied"),
            "access denied",
            "AccessDenied",
            "these credentials need s3:PutObject, and nothing may deny it",
        ),
        (
            refusal("AccessDenied", DENIED),
            f"access denied ({DENIED})",
            "AccessDenied",
            "these credentials need kms:GenerateDataKey, and nothing may deny it",
        ),
        (
            refusal("403", "Forbidden"),
            "access denied",
            "AccessDenied",
            "these credentials need s3:PutObject, and nothing may deny it",
        ),
        (refusal("404", "Not Found"), "there is none", "NotFound", ""),
        (
            refusal("ExpiredToken", "The provided token has expired."),
            "the credentials have expired",
            "ExpiredToken",
            "get new ones, then run the command again",
        ),
        (
            refusal("InvalidClientTokenId"),
            "AWS does not accept the credentials (InvalidClientTokenId)",
            "InvalidClientTokenId",
            "see: aws sts get-caller-identity",
        ),
        (
            refusal("RequestTimeTooSkewed", "The difference is too large."),
            "the clock of this machine is wrong, so AWS trusts no request",
            "RequestTimeTooSkewed",
            "set the clock",
        ),
        (
            refusal("SlowDown", "Please reduce your request rate."),
            "too many requests, after several attempts (SlowDown)",
            "SlowDown",
            "run the command again later",
        ),
        (refusal("Odd", "two\nlines  here"), "Odd: two lines here", "Odd", ""),
        (refusal("Odd"), "Odd", "Odd", ""),
        (
            kinds.NoCredentialsError(),
            "Unable to locate credentials",
            "NoCredentials",
            "log in, or set AWS_PROFILE",
        ),
        (
            kinds.ProfileNotFound(profile="nobody"),
            "The config profile (nobody) could not be found",
            "NoCredentials",
            "set AWS_PROFILE to one that exists: aws configure list-profiles",
        ),
        (
            kinds.UnauthorizedSSOTokenError(),
            SSO,
            "NoCredentials",
            "log in again: aws sso login, or aws login",
        ),
        (
            kinds.EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/"),
            'Could not connect to the endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
            "",
            NETWORK,
        ),
        (
            kinds.ReadTimeoutError(endpoint_url="https://s3/"),
            'Read timeout on endpoint URL: "https://s3/"',
            "",
            NETWORK,
        ),
        (kinds.DataNotFoundError(data_path="x"), "Unable to load data for: x", "", ""),
        (
            ResponseParserError("unclosed token"),
            "the answer is not one of AWS's",
            "",
            "something between here and AWS answers in its place: a proxy, a login page",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_say_what_was_tried_and_what_to_do(
    error: ClientError | BotoCoreError | ResponseParserError, said: str, code: str, hint: str
) -> None:
    with pytest.raises(AwsError) as caught, expected("s3:PutObject", "s3://bucket/key"):
        raise error
    assert caught.value.message == f"s3:PutObject on s3://bucket/key: {said}"
    assert (caught.value.code, caught.value.hint, caught.value.exit_code) == (code, hint, 1)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("code", "hopeless"),
    [
        ("AccessDenied", True),
        ("ExpiredToken", True),
        ("KMS.DisabledException", True),
        ("NoSuchBucket", True),
        ("RequestTimeTooSkewed", True),
        ("SlowDown", False),
        ("InternalError", False),
        ("", False),
    ],
)
def test_what_would_end_every_call_the_same_way_is_known(code: str, hopeless: bool) -> None:
    assert AwsError("", code=code).hopeless is hopeless


def test_what_botocore_did_not_raise_passes() -> None:
    with pytest.raises(ZeroDivisionError), expected("s3:PutObject", "here"):
        raise ZeroDivisionError


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return Session("eu-west-1")


def test_clients_know_where_they_are_and_who_they_are_for(session: Session) -> None:
    client = session.client("s3")
    assert client is session.client("s3")
    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:9")
    settings: Any = client.meta.config
    assert settings.retries["mode"] == "standard"
    assert re.search(r" cfnpipe/\d+\.\d+\.\d+", settings.user_agent)


@pytest.mark.usefixtures("session")
def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(AwsError) as caught:
        Session("us-east-1", profile="nobody").identity()
    assert "The config profile (nobody) could not be found" in caught.value.message
