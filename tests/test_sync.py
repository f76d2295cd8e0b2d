"""`cfnpipe sync` as people and CI use it, against a local S3."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe import __version__, bundle, view
from cfnpipe.aws import Bucket, Session
from cfnpipe.model.execution import Revision
from cfnpipe.model.transfer import Delete, Keep, Outcome, Put, Stored
from cfnpipe.sync.metadata import SUMMARY, metadata, summary
from cfnpipe.sync.plan import excess, plan
from cfnpipe.validate.dependencies import ranks
from tests import checkouts
from tests.conftest import Result
from tests.local_aws import ACCOUNT, CREDENTIALS, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.checkouts import Checkout
    from tests.local_aws import LocalAws, Source

INIT = ("access", "pipelines", "sync")


@pytest.fixture(scope="module")
def local_aws() -> LocalAws:
    return started()


@pytest.fixture
def checkout(tmp_path: Path, local_aws: LocalAws) -> Checkout:
    """An environment with two stacks, committed."""
    made = checkouts.checkout(tmp_path, local_aws.endpoint)
    made.commit({"network": 1, "orders": 1})
    return made


@pytest.fixture
def source(checkout: Checkout, local_aws: LocalAws) -> Source:
    """The environment's source bucket, still empty."""
    return checkouts.source(checkout, local_aws)


@pytest.fixture
def offline(tmp_path: Path) -> Checkout:
    """The same where no request can succeed: whatever needs one exits with 3."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = checkouts.checkout(tmp_path, f"http://127.0.0.1:{port}")
    made.commit({"network": 1, "orders": 1})
    return made


def failed(code: int, *lines: str) -> Result:
    """A result that shows these lines on standard error and nothing else."""
    return Result(code, "", "".join(f"{line}\n" for line in lines))


def key(stack: str) -> str:
    return f"stacks/{stack}/bundle.zip"


# The plan


ONE = bundle.pack("one", key("one"), {"template.json": "1"})
SAME = Stored(ONE.key, ONE.md5)
BY_SHA256 = Stored(ONE.key, "by a key", ONE.sha256)
OTHER = Stored(ONE.key, "other", "other")
FORGED = Stored(ONE.key, "other", "", commit=ONE.sha256)


@pytest.mark.parametrize(
    ("local", "remote", "step"),
    [
        ([ONE], [], Put(ONE)),
        ([ONE], [OTHER], Put(ONE, OTHER)),
        ([ONE], [FORGED], Put(ONE, FORGED)),
        ([ONE], [SAME], Keep(ONE, SAME)),
        ([ONE], [BY_SHA256], Keep(ONE, BY_SHA256)),
        ([], [SAME], Delete("one", SAME)),
    ],
    ids=["new", "changed", "forged metadata", "same by MD5", "same by SHA-256", "gone"],
)
def test_what_becomes_of_a_bundle(local: list[Any], remote: list[Any], step: object) -> None:
    assert plan(local, remote) == (step,)


def test_the_order_is_by_name_and_deletions_come_last() -> None:
    packed = {name: bundle.pack(name, key(name), {"template.json": name}) for name in ("b", "a", "kept")}
    remote = [Stored(key("gone"), "1"), Stored(key("kept"), packed["kept"].md5)]
    steps = plan(packed.values(), remote)
    assert [(type(step).__name__, step.stack) for step in steps] == [
        ("Put", "a"),
        ("Put", "b"),
        ("Keep", "kept"),
        ("Delete", "gone"),
    ]


NEEDS = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef")), max_size=6)


@given(NEEDS)
def test_a_stack_has_a_higher_rank_than_what_it_needs(needs: dict[str, set[str]]) -> None:
    rank = ranks(needs)
    for name, others in needs.items() if rank else ():
        assert all(rank[name] > rank[other] for other in others)
        assert rank[name] <= max((rank[other] + 1 for other in others), default=0)
    assert bool(rank) == (not _circular(needs) and bool(needs))


def _circular(needs: dict[str, set[str]]) -> bool:
    """Tell whether what needs something is never used up by taking away what needs nothing."""
    left = dict(needs)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    return bool(left)


def test_deletions_are_counted_by_stack_and_refused_all_or_none() -> None:
    remote = [Stored(f"stacks/{name}.zip", "1") for name in ("a/template", "a/configuration", "b/bundle")]
    steps = plan([], remote)
    assert excess(steps, 2) == ()
    assert [step.key for step in excess(steps, 1)] == sorted(stored.key for stored in remote)
    assert excess((), 0) == ()


@pytest.mark.usefixtures("source")
def test_stacks_go_before_those_that_import_from_them(checkout: Checkout) -> None:
    """Names of exports are compared as CloudFormation will see them: with parameters and defaults."""
    checkout.commit({"a-service": 1, "b-database": 1, "c-network": 1})
    exported = {"Value": "1", "Export": {"Name": {"Fn::Sub": "${AWS::StackName}:Id"}}}
    imported = {"Fn::ImportValue": {"Fn::Sub": "${From}:Id"}}
    declared = {"Parameters": {"From": {"Type": "String"}}}
    for name, origin in (("a-service", "b-database"), ("b-database", "c-network")):
        body = {**declared, "Resources": {}, "Outputs": {"Id": exported, "Had": {"Value": imported}}}
        given = {"From": f"{checkout.environment}-{origin}"}
        checkout.stack(name, body, {"Parameters": given, "Tags": {}})
    checkout.stack("c-network", {"Outputs": {"Id": exported}}, {"Parameters": {}, "Tags": {}})
    objects = json.loads(checkout.sync("--yes", "--json").out)["objects"]
    assert [one["stack"] for one in objects] == [*INIT[:1], "c-network", *INIT[1:], "b-database", "a-service"]


@pytest.mark.usefixtures("source")
def test_stacks_that_import_from_each_other_go_by_name(checkout: Checkout) -> None:
    for one, other in (("network", "orders"), ("orders", "network")):
        exported = {"Value": {"Fn::ImportValue": other}, "Export": {"Name": one}}
        checkout.stack(one, {"Outputs": {"Id": exported}}, {"Parameters": {}, "Tags": {}})
    objects = json.loads(checkout.sync("--yes", "--json").out)["objects"]
    assert [one["stack"] for one in objects] == sorted([*INIT, "network", "orders"])


# From end to end


def test_the_first_sync_carries_everything_and_the_second_nothing(checkout: Checkout, source: Source) -> None:
    first = checkout.sync("--yes", "--json")
    assert (first.code, first.err) == (0, "warning: nothing tells of which commit this checkout is\n")
    objects = checkout.objects(first)
    assert list(objects) == [key(name) for name in sorted([*INIT, "network", "orders"])]
    versions = source.versions()
    for name, one in objects.items():
        assert (one["action"], one["result"], one["version"]) == ("put", "done", versions[name][0])
    second = checkout.sync()
    assert (second.code, second.out, second.err) == (0, "5 bundles: 5 unchanged\n", "")
    assert source.versions() == versions


def test_exactly_what_changed_is_carried(checkout: Checkout, source: Source) -> None:
    checkout.sync("--yes")
    before = source.versions()
    checkout.commit({"network": 2, "queue": 1})
    done = checkout.sync("--yes")
    after = source.versions()
    assert done.out == (
        f"  ~ stacks/network/bundle.zip  version {after[key('network')][0]}\n"
        f"  + stacks/queue/bundle.zip    version {after[key('queue')][0]}\n"
        f"  - stacks/orders/bundle.zip   version {after[key('orders')][0]}\n"
        "6 bundles: 1 new, 1 changed, 1 deleted, 3 unchanged\n"
    )
    assert {name: len(ids) - len(before.get(name, ())) for name, ids in after.items()} == {
        **{key(name): 0 for name in INIT},
        key("network"): 1,
        key("orders"): 1,
        key("queue"): 1,
    }
    assert sorted(source.contents()) == [key(name) for name in sorted([*INIT, "network", "queue"])]
    assert after[key("orders")][1:] == before[key("orders")], "a deletion leaves the versions in place"


def test_a_bundle_holds_the_committed_files_in_their_shortest_form(
    checkout: Checkout, source: Source
) -> None:
    folder = f"stacks/{checkout.environment}/network"
    checkout.write(f"{folder}/protection.json", '{\n  "TerminationProtection": true\n}\n')
    checkout.sync("--yes")
    with zipfile.ZipFile(io.BytesIO(source.contents()[key("network")])) as opened:
        assert {name: opened.read(name).decode() for name in opened.namelist()} == {
            "template.json": '{"Metadata":{"Content":1},"Resources":{}}',
            "configuration.json": '{"Parameters":{},"Tags":{}}',
            "protection.json": '{"TerminationProtection":true}',
        }


@pytest.mark.usefixtures("source")
def test_another_form_of_the_same_json_is_no_change(checkout: Checkout) -> None:
    checkout.sync("--yes")
    path = f"stacks/{checkout.environment}/network/template.json"
    checkout.write(path, checkout.read(path).replace("\n", "\r\n"))
    assert checkout.sync("--yes").out == "5 bundles: 5 unchanged\n"


def test_a_split_stack_is_carried_in_two_and_started_by_the_second(
    checkout: Checkout, source: Source
) -> None:
    checkout.commit({"network": 1, "orders": 1}, split="network")
    checkout.sync("--yes")
    before = source.versions()
    template, configuration = "stacks/network/template.zip", "stacks/network/configuration.zip"
    checkout.commit({"network": 2, "orders": 1}, split="network")
    done = checkout.sync("--yes", "--json")
    changed = [one["object"] for one in json.loads(done.out)["objects"] if one["action"] == "put"]
    assert changed == [template, configuration]
    assert [len(source.versions()[name]) for name in changed] == [2, 2]
    digest = checkout.objects(done)[template]["sha256"]
    with zipfile.ZipFile(io.BytesIO(source.contents()[configuration])) as opened:
        assert opened.namelist() == ["configuration.json", "template.sha256"]
        assert opened.read("template.sha256").decode() == f"{digest}\n"
    checkout.stack(
        "network", {"Metadata": {"Content": 2}, "Resources": {}}, {"Parameters": {}, "Tags": {"a": "b"}}
    )
    done = checkout.sync("--yes", "--json")
    changed = [one["object"] for one in json.loads(done.out)["objects"] if one["action"] == "put"]
    assert changed == [configuration]
    assert len(before[configuration]) == 1


@pytest.mark.usefixtures("source")
def test_a_stack_that_changes_its_shape_leaves_nothing_behind(checkout: Checkout) -> None:
    checkout.sync("--yes")
    checkout.commit({"network": 1, "orders": 1}, split="network")
    done = checkout.sync("--yes")
    assert done.code == 0
    assert done.out.endswith("7 bundles: 2 new, 1 deleted, 4 unchanged\n")


def test_under_a_kms_key_equal_content_is_not_written_again(checkout: Checkout, local_aws: LocalAws) -> None:
    source = checkouts.source(checkout, local_aws, kms=True)
    checkout.sync("--yes")
    head = source.client.head_object(Bucket=source.bucket, Key=key("network"))
    assert head["ServerSideEncryption"] == "aws:kms"
    versions = source.versions()
    assert checkout.sync("--yes").out == "5 bundles: 5 unchanged\n"
    assert source.versions() == versions
    checkout.commit({"network": 2, "orders": 1})
    assert checkout.sync("--yes").out.endswith("5 bundles: 1 changed, 4 unchanged\n")


def test_a_forged_digest_in_the_metadata_is_not_believed(checkout: Checkout, source: Source) -> None:
    done = checkout.sync("--yes", "--json")
    digest = checkout.objects(done)[key("network")]["sha256"]
    forged = {"sha256": digest, "digest": digest, "content-sha256": digest}
    source.client.put_object(Bucket=source.bucket, Key=key("network"), Body=b"evil", Metadata=forged)
    assert checkout.sync("--yes").out.endswith("5 bundles: 1 changed, 4 unchanged\n")


def test_an_object_that_was_uploaded_in_parts_is_compared_too(checkout: Checkout, source: Source) -> None:
    """Its ETag and its checksum are of the parts, so that they tell nothing: it is written once more."""
    checkout.sync("--yes")
    content = source.contents()[key("network")]
    at = {"Bucket": source.bucket, "Key": key("network")}
    upload = source.client.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]
    part = source.client.upload_part(
        **at, UploadId=upload, PartNumber=1, Body=content, ChecksumAlgorithm="SHA256"
    )
    parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}]
    source.client.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    assert checkout.sync("--yes").out.endswith("5 bundles: 1 changed, 4 unchanged\n")
    assert checkout.sync("--yes").out == "5 bundles: 5 unchanged\n"


def test_what_sync_did_not_make_is_shown_and_left_alone(checkout: Checkout, source: Source) -> None:
    foreign = ["stacks/Network/bundle.zip", "stacks/network/notes.txt", "stacks/readme\x1b[2J"]
    for name in [*foreign, "elsewhere/bundle.zip"]:
        source.client.put_object(Bucket=source.bucket, Key=name, Body=b"mine")
    done = checkout.sync("--yes")
    assert done.code == 0
    assert done.out.endswith(
        "  ? stacks/Network/bundle.zip\n"
        "  ? stacks/network/notes.txt\n"
        "  ? stacks/readme\ufffd[2J\n"
        "5 bundles: 5 new, 3 not made by cfnpipe\n"
    )
    assert all(source.contents()[name] == b"mine" for name in foreign)
    assert json.loads(checkout.sync("--json").out)["foreign"] == foreign


def test_a_report_needs_no_colour_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [
        Outcome(Put(ONE), "failed", message="x"),
        Outcome(Put(ONE, OTHER), "conflict"),
        Outcome(Put(ONE, FORGED), "planned"),
        Outcome(Delete("one", SAME), "skipped"),
        Outcome(Delete("one", SAME), "done", "v1"),
        Outcome(Keep(ONE, SAME), "unchanged"),
    ]
    view.show_transfers(view.output(), outcomes, [])
    assert capsys.readouterr().out == (
        "  + stacks/one/bundle.zip  failed\n"
        "  ~ stacks/one/bundle.zip  changed by somebody else\n"
        f"  ~ stacks/one/bundle.zip  from commit {ONE.sha256}\n"
        "  - stacks/one/bundle.zip  skipped\n"
        "  - stacks/one/bundle.zip  version v1\n"
        "6 bundles: 1 changed, 1 deleted, 1 unchanged, 1 failed, 1 changed by somebody else, 1 skipped\n"
    )
    view.show_transfers(view.output(), [], [])
    assert capsys.readouterr().out == "0 bundles: nothing to do\n"


# Before anything is changed


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(checkout: Checkout, source: Source) -> None:
    checkout.sync("--yes")
    versions = source.versions()
    checkout.commit({"network": 2, "queue": 1})
    shown = checkout.sync("--dry-run")
    assert shown.code == 0
    assert shown.out == (
        "  ~ stacks/network/bundle.zip\n"
        "  + stacks/queue/bundle.zip\n"
        "  - stacks/orders/bundle.zip\n"
        "6 bundles: 1 new, 1 changed, 1 deleted, 3 unchanged\n"
    )
    assert source.versions() == versions
    planned = checkout.objects(checkout.sync("--dry-run", "--json"))
    done = checkout.objects(checkout.sync("--yes", "--json"))
    assert [(one["object"], one["action"], one["sha256"]) for one in planned.values()] == [
        (one["object"], one["action"], one["sha256"]) for one in done.values()
    ]
    assert {one["result"] for one in planned.values()} == {"planned", "unchanged"}


def test_where_nobody_can_be_asked_nothing_is_done(checkout: Checkout, source: Source) -> None:
    asked = checkout.sync()
    assert (asked.code, asked.out) == (3, "")
    assert asked.err.endswith(
        "error: nobody is here to say yes\n  hint: add --yes; --dry-run shows what would be done\n"
    )
    assert source.contents() == {}


def test_too_many_deletions_are_refused_and_the_rest_is_done(checkout: Checkout, source: Source) -> None:
    checkout.sync("--yes")
    checkout.commit({"queue": 1})
    dry, done = checkout.sync("--dry-run"), checkout.sync("--yes")
    assert done.err.endswith(
        "error: bundles of 2 stacks would be deleted, which is more than max_delete allows\n"
        "  hint: if all of them are meant, set max_delete: 2\n"
    )
    version = source.versions()[key("queue")][0]
    lines = ["  - stacks/network/bundle.zip  refused\n", "  - stacks/orders/bundle.zip   refused\n"]
    assert done.out == (
        f"  + stacks/queue/bundle.zip    version {version}\n"
        + "".join(lines)
        + "6 bundles: 1 new, 3 unchanged, 2 refused\n"
    )
    assert (dry.code, done.code) == (1, 1)
    assert dry.out == done.out.replace(f"  version {version}", "").replace(
        "queue/bundle.zip  ", "queue/bundle.zip"
    )
    assert key("network") in source.contents()
    checkout.commit({"queue": 1}, most=2)
    assert checkout.sync("--yes").out.endswith("6 bundles: 2 deleted, 4 unchanged\n")


def test_credentials_of_another_account_are_refused(checkout: Checkout, source: Source) -> None:
    refused = checkout.sync("--yes", AWS_ACCESS_KEY_ID="444455556666")
    assert refused == failed(
        3,
        f"error: these credentials are of account 444455556666; {checkout.environment} is 111122223333",
        "  hint: use credentials of account 111122223333; these are arn:aws:iam::444455556666:root",
    )
    assert source.contents() == {}


def test_a_bucket_without_versions_is_refused(checkout: Checkout, local_aws: LocalAws) -> None:
    source = checkouts.source(checkout, local_aws, versioned=False)
    refused = checkout.sync("--yes")
    assert refused == failed(
        3,
        f"error: s3://{checkout.bucket} keeps no versions, and CodePipeline takes only versions",
        "  hint: switch the bucket's versioning on",
    )
    suspended = {"Status": "Suspended"}
    source.client.put_bucket_versioning(Bucket=source.bucket, VersioningConfiguration=suspended)
    assert checkout.sync("--yes") == refused
    assert source.contents() == {}


def test_a_bucket_that_is_not_there_is_named(checkout: Checkout) -> None:
    refused = checkout.sync("--yes")
    assert refused == failed(
        3,
        f"error: s3:ListBucket on s3://{checkout.bucket}: there is none",
        f"  hint: the init stack `sync` of {checkout.environment} makes it; is that deployed?",
    )


def test_a_bucket_in_another_region_is_refused(checkout: Checkout, local_aws: LocalAws) -> None:
    elsewhere = {"LocationConstraint": "eu-west-1"}
    local_aws.client().create_bucket(Bucket=checkout.bucket, CreateBucketConfiguration=elsewhere)
    refused = checkout.sync("--yes")
    assert refused.code == 3
    assert refused.err == (
        f"error: s3://{checkout.bucket} is in eu-west-1, {checkout.environment} is in us-east-1\n"
        "  hint: CodePipeline needs it in its own region: remove it, and let the init stack `sync` make it\n"
    )


def test_without_credentials_nothing_is_tried(offline: Checkout, tmp_path: Path) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    refused = offline.sync("--yes", **nobody)
    assert refused == failed(
        3,
        "error: sts:GetCallerIdentity on the caller: Unable to locate credentials",
        "  hint: log in, or set AWS_PROFILE",
    )


@pytest.mark.usefixtures("source")
def test_every_call_names_the_account_that_must_own_the_bucket(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": checkout.endpoint}.items():
        monkeypatch.setenv(name, value)
    session = Session("us-east-1")
    sent: list[tuple[str, str]] = []

    def watch(params: dict[str, Any], model: Any, **_more: Any) -> None:
        sent.append((model.name, params.get("ExpectedBucketOwner", "")))

    session.client("s3").meta.events.register("provide-client-params.s3", watch)
    bucket = Bucket(session, checkout.bucket, ACCOUNT)
    bucket.region()
    bucket.versioned()
    bucket.list("stacks/")
    bucket.put(ONE, None, metadata(None))
    stored = bucket.head(ONE.key)
    assert stored is not None
    bucket.delete(ONE.key, stored.etag)
    operations = [
        "HeadBucket",
        "GetBucketVersioning",
        "ListObjectsV2",
        "PutObject",
        "HeadObject",
        "DeleteObject",
    ]
    assert sent == [(operation, ACCOUNT) for operation in operations]


# What is wrong with the files is said before any request is made


def test_an_environment_without_a_source_has_nothing_to_sync(offline: Checkout) -> None:
    name = offline.environment
    offline.write(f"config/{name}.yaml", f"environment: {name}\nregion: us-east-1\n")
    refused = offline.sync("--yes")
    assert refused == failed(
        2,
        f"config/{name}.yaml:1:1: error: {name} has no source, so it has no pipelines",
        f"  hint: change it with: cfnpipe deploy {name}",
    )


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_without_stacks_no_request_is_made(offline: Checkout, how: str) -> None:
    for path in offline.files("stacks"):
        (offline.root / path).unlink()
    if how == "missing":
        (offline.root / "stacks").rename(offline.root / "elsewhere")
    refused = offline.sync("--yes")
    assert refused == failed(
        2,
        f"stacks/{offline.environment}: error: there are no stacks here",
        "  hint: run: cfnpipe render; if every bundle is to be deleted, add --allow-empty",
    )


def test_an_empty_folder_that_is_meant_deletes_as_far_as_that_is_allowed(
    checkout: Checkout, source: Source
) -> None:
    checkout.sync("--yes")
    for path in checkout.files("stacks"):
        (checkout.root / path).unlink()
    refused = checkout.sync("--yes", "--allow-empty")
    assert (refused.code, len(source.contents())) == (1, 5)
    config = f"config/{checkout.environment}.yaml"
    checkout.write(config, checkout.read(config).replace("max_delete: 1", "max_delete: 5"))
    assert checkout.sync("--yes", "--allow-empty").code == 0
    assert source.contents() == {}


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def unix_socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
        made.bind(path.name)  # The whole path may be longer than a socket's name can be.


def huge(path: Path) -> None:
    os.truncate(path, 10**10)


def written(content: bytes) -> Any:
    return lambda path: path.write_bytes(content)


NEITHER = "{template}: error: neither a file nor a folder\n  hint: remove it\n"
RENDER = "  hint: run: cfnpipe render\n"
UNUSABLE = "{template}: unreadable-json: no JSON that can be used: "


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (link, NEITHER),
        (fifo, NEITHER),
        (unix_socket, NEITHER),
        (
            folder,
            "{template}: error: a file is needed here\n  hint: remove the folder, and run: cfnpipe render\n",
        ),
        (os.unlink, "{template}: missing-file: the file is missing\n" + RENDER),
        (huge, "{template}: unreadable-file: larger than 10,000,000 bytes\n" + RENDER),
        (written(b"\xff"), "{template}: not-utf-8: the file is not UTF-8\n" + RENDER),
        (written(b""), "{template}:1:1: unreadable-json: no JSON: Expecting value\n" + RENDER),
        (
            written(b"\xef\xbb\xbf{}"),
            "{template}:1:1: unreadable-json: no JSON: Unexpected UTF-8 BOM (decode using utf-8-sig)\n"
            + RENDER,
        ),
        (written(b'{"A": {"B": 1, "B": 2}}'), UNUSABLE + "it has a key twice in one object\n" + RENDER),
        (written(b'{"Description": NaN}'), UNUSABLE + "it holds NaN\n" + RENDER),
        (written(b"[]"), UNUSABLE + "it must be an object\n" + RENDER),
        (
            written(b'{"Description": "\\uD800"}'),
            UNUSABLE + "it holds half a surrogate pair\n" + RENDER,
        ),
        (
            written(b'{"A":' * 10**5 + b"1" + b"}" * 10**5),
            UNUSABLE + "it is nested too deeply\n" + RENDER,
        ),
    ],
    ids=lambda value: getattr(value, "__name__", "") if callable(value) else " ",
)
def test_files_that_render_did_not_write_are_refused(offline: Checkout, spoil: Any, said: str) -> None:
    stack = f"{offline.environment}/network"
    template = f"stacks/{stack}/template.json"
    spoil(offline.root / template)
    refused = offline.sync("--yes")
    expected = said.format(template=template, folder=f"stacks/{stack}", stack=stack)
    assert (refused.code, refused.out, refused.err) == (2, "", expected)


def test_a_link_to_a_folder_is_refused(offline: Checkout, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (offline.root / f"stacks/{offline.environment}/more").symlink_to(tmp_path / "elsewhere")
    refused = offline.sync("--yes")
    where = f"stacks/{offline.environment}/more"
    assert (refused.code, refused.err) == (2, NEITHER.format(template=where))


def test_everything_that_is_wrong_is_said_at_once(offline: Checkout) -> None:
    for name in ("network", "orders"):
        offline.write(f"stacks/{offline.environment}/{name}/template.json", "{")
    refused = offline.sync("--yes")
    assert refused.code == 2
    assert refused.err.count("unreadable-json") == 2


# What is carried along


def test_reviewers_see_the_commit(checkout: Checkout, source: Source) -> None:
    git = Git(checkout)
    commit = git.commit("Größeres Netz\n\nMehr dazu.", author="Ada Beispiel")
    done = checkout.sync("--yes", "--json")
    assert (done.code, done.err) == (0, "")
    head = source.client.head_object(Bucket=source.bucket, Key=key("network"))
    assert (
        head["Metadata"]
        == json.loads(done.out)["metadata"]
        == {
            "commit": commit,
            "tool": f"cfnpipe/{__version__}",
            "codepipeline-artifact-revision-summary": f"{commit[:12]} Gro?eres Netz (Ada Beispiel)",
        }
    )
    assert head["ContentType"] == "application/zip"


class Git:
    """The Git repository of a checkout."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._run("init", "--quiet", "--initial-branch=master")

    def commit(self, message: str, author: str = "Ada Example") -> str:
        """Commit everything and return the id."""
        self._run("add", "--all")
        self._run(
            "commit",
            "--quiet",
            "--allow-empty",
            f"--message={message}",
            f"--author={author} <ada@example.com>",
        )
        return self._run("rev-parse", "HEAD")

    def back(self, commit: str) -> None:
        self._run("checkout", "--quiet", commit)

    def _run(self, *arguments: str) -> str:
        import subprocess

        identity = ("-c", "user.name=Ada Example", "-c", "user.email=ada@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self._checkout.root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


def test_what_is_not_committed_is_not_carried(checkout: Checkout, source: Source) -> None:
    Git(checkout).commit("One")
    path = f"stacks/{checkout.environment}/network/template.json"
    checkout.write(path, "{}")
    refused = checkout.sync("--yes")
    assert refused == failed(
        3,
        f"error: stacks/{checkout.environment} is not as it was committed",
        "  hint: commit it, or run: git status",
    )
    assert source.contents() == {}


def test_an_older_commit_does_not_take_a_newer_one_back(checkout: Checkout, source: Source) -> None:
    git = Git(checkout)
    first = git.commit("One")
    checkout.commit({"network": 2, "orders": 1})
    second = git.commit("Two")
    checkout.sync("--yes")
    versions = source.versions()
    git.back(first)
    refused = checkout.sync("--yes")
    assert refused == failed(
        4,
        f"error: stacks/network/bundle.zip is from commit {second}, which came after {first}",
        "  hint: sync the newer commit; to go back, revert it with a commit of its own",
    )
    assert source.versions() == versions
    git.back(second)
    checkout.commit({"network": 1, "orders": 1})
    git.commit("Revert")
    assert checkout.sync("--yes").code == 0


def test_an_older_commit_does_not_delete_what_a_newer_one_brought(checkout: Checkout, source: Source) -> None:
    git = Git(checkout)
    first = git.commit("One")
    checkout.commit({"network": 1, "orders": 1, "queue": 1})
    second = git.commit("Two")
    checkout.sync("--yes")
    git.back(first)
    assert checkout.sync("--yes") == failed(
        4,
        f"error: stacks/queue/bundle.zip is from commit {second}, which came after {first}",
        "  hint: sync the newer commit; to go back, revert it with a commit of its own",
    )
    assert key("queue") in source.contents()


def test_a_commit_that_the_checkout_does_not_know_may_be_newer(checkout: Checkout, source: Source) -> None:
    git = Git(checkout)
    git.commit("One")
    checkout.sync("--yes")
    unknown = "0123456789abcdef0123456789abcdef01234567"
    source.client.put_object(
        Bucket=source.bucket, Key=key("network"), Body=b"other", Metadata={"commit": unknown}
    )
    warned = checkout.sync("--yes")
    told = f"is from commit {unknown}, which may be newer: it is not in this checkout"
    assert (warned.code, warned.err) == (0, f"warning: stacks/network/bundle.zip {told}\n")


@given(st.text(), st.text(), st.text())
def test_any_commit_can_be_told_in_a_header(commit: str, text: str, author: str) -> None:
    made = metadata(Revision(commit, text, author))
    assert list(made) == ["tool", "commit", SUMMARY]
    assert len(made[SUMMARY]) <= 500
    for value in made.values():
        assert value.isascii()
        assert value.isprintable()
        assert value == " ".join(value.split())


def test_a_long_subject_leaves_room_for_the_author() -> None:
    told = summary(Revision("0123456789abcdef", "word " * 200 + "\nbody", "Ada Example"))
    assert len(told) <= 500
    assert told.startswith("0123456789ab word word")
    assert told.endswith("... (Ada Example)")
    assert summary(Revision("0123", "", "")) == "0123"
