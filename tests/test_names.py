"""Names on AWS, and the document that shows them."""

from __future__ import annotations

import hashlib
import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from cfnpipe import names
from tests.environments import ACCOUNT, BASE, ROOT, account

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
ENVIRONMENT, STACK, REVIEW = "production-us", "orders-database", "owners"


def shown() -> dict[str, str]:
    """What `docs/names.md` shows, by what it is."""
    text = (ROOT / "docs/names.md").read_text("utf-8")
    return dict(re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| [\d,]+ \|$", text, re.MULTILINE))


def test_the_document_shows_the_names() -> None:
    project = names.owned(ENVIRONMENT, "validate")
    place = (ACCOUNT, "us-east-1")
    expected = {
        "a stack": names.cloudformation_stack(ENVIRONMENT, STACK),
        "its change set": names.CHANGE_SET,
        "its pipeline": names.pipeline(ENVIRONMENT, STACK),
        "its artifacts begin with": names.artifact_prefix(names.pipeline(ENVIRONMENT, STACK)),
        "the rule that starts it": names.owned(ENVIRONMENT, STACK),
        "its bundle in S3": names.bundle_key(STACK),
        "its template, where sources are split": names.template_key(STACK),
        "its configuration, where sources are split": names.configuration_key(STACK),
        "its pipeline's logical id": f"{names.logical_id(STACK)}Pipeline",
        "its rule's logical id": f"{names.logical_id(STACK)}Rule",
        "an approval": names.approval(REVIEW),
        "the policy that approves": names.approver(ENVIRONMENT, REVIEW),
        "the readers' policy": names.owned(ENVIRONMENT, "reader"),
        "the operators' policy": names.owned(ENVIRONMENT, "operator"),
        "a role": names.owned(ENVIRONMENT, "stack-deployer"),
        "a CodeBuild project": project,
        "its log group": names.log_group(project),
        "the sync pipeline": names.sync_pipeline(ENVIRONMENT),
        "the rule that starts the sync pipeline": names.owned(ENVIRONMENT, "start_sync"),
        "the rule that mails outcomes": names.owned(ENVIRONMENT, "mail_outcomes"),
        "the topic": names.topic(ENVIRONMENT),
        "the key's alias": names.key_alias(ENVIRONMENT),
        "the bucket of bundles": names.bucket(ENVIRONMENT, "source", *place),
        "the bucket of artifacts": names.bucket(ENVIRONMENT, "artifacts", *place),
        "the bucket of access logs": names.bucket(ENVIRONMENT, "logs", *place),
        "an export": names.export(ENVIRONMENT, "SyncRole"),
    }
    assert shown() == expected


def test_the_init_stacks_make_what_the_document_shows() -> None:
    """Each kind of name, with the parts that vary left out."""
    made = {name for kind, group in account(BASE).names.items() if kind != "AWS::KMS::Key" for name in group}
    elsewhere = {"the rule that starts the sync pipeline"}
    physical = {name for what, name in shown().items() if what not in elsewhere and "production-us" in name}
    stacks = {"production-us-orders-database", "cfnpipe:production-us:SyncRole"}
    assert physical - stacks <= made


def test_the_document_is_right_about_limits() -> None:
    bucket = len(names.bucket("", "artifacts", ACCOUNT, "us-east-1"))
    assert (63 - bucket, 63 - bucket + len("us-east-1") - len("ap-southeast-1")) == (22, 17)
    assert 64 - len(names.owned("", "")) == 55
    text = (ROOT / "docs/names.md").read_text("utf-8")
    digest = hashlib.sha256(b"queue-2").hexdigest()[:6]
    assert names.logical_id("queue-2") == f"Queue2{digest}"
    assert f"(`queue-2`), six characters of its SHA-256 follow (`Queue2{digest}`)." in text.replace("\n", " ")


@given(NAMES, NAMES)
@example("a-1", "a1")
@example("a--b", "a-b")
@example("ab", "a-b")
@example("a", "a-")
def test_no_two_stacks_share_a_logical_id(one: str, other: str) -> None:
    assume(one != other)
    assert names.logical_id(one) != names.logical_id(other)


@given(NAMES)
def test_logical_ids_have_their_own_alphabet(name: str) -> None:
    assert re.fullmatch("[A-Z][A-Za-z0-9]*", names.logical_id(name))


@given(NAMES, NAMES, NAMES, NAMES)
def test_pipelines_and_what_is_owned_tell_their_parts(a: str, b: str, c: str, d: str) -> None:
    assume((a, b) != (c, d))
    assert names.pipeline(a, b) != names.pipeline(c, d)
    assert names.owned(a, b) != names.owned(c, d)
    assert names.sync_pipeline(a) != names.pipeline(c, d)
