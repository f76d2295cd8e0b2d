from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe import bundle

FILES = {
    "template.json": '{"Resources":{"Queue":{"Type":"AWS::SQS::Queue"}}}',
    "configuration.json": '{"Parameters":{"Größe":"2"},"Tags":{}}',
    "protection.json": '{"TerminationProtection":true}',
}
NAMES = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1)
TREES = st.dictionaries(NAMES, st.binary(max_size=200), max_size=5)


def test_the_bytes_are_pinned() -> None:
    """They are the same with every Python and on every machine; another digest starts every pipeline."""
    packed = bundle.pack("network", "stacks/network/bundle.zip", FILES)
    assert packed.sha256 == "1dd3720c62b97fbe1e762769333db046375794e16a7320cb99e02889281ea063"
    assert packed.md5 == "dbfe0be539b03fa505220abb39051a2d"


def test_the_digests_are_those_of_the_content() -> None:
    packed = bundle.pack("network", "stacks/network/bundle.zip", FILES)
    assert packed.sha256 == hashlib.sha256(packed.content).hexdigest()
    assert packed.md5 == hashlib.md5(packed.content, usedforsecurity=False).hexdigest()


def test_nothing_in_an_entry_depends_on_where_it_was_made() -> None:
    packed = bundle.pack("network", "stacks/network/bundle.zip", FILES)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as opened:
        for entry in opened.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.create_system, entry.external_attr) == (3, 0o100644 << 16)
            assert (entry.compress_type, entry.extra, entry.comment) == (zipfile.ZIP_STORED, b"", b"")
        assert opened.namelist() == ["configuration.json", "protection.json", "template.json"]
        assert opened.testzip() is None


@given(TREES)
def test_a_zip_holds_exactly_the_files(tree: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.archive(tree))) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == tree


@given(TREES, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(tree: dict[str, bytes], random: object) -> None:
    names = list(tree)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert bundle.archive({name: tree[name] for name in names}) == bundle.archive(tree)


@given(TREES, TREES)
def test_different_files_make_different_bytes(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (bundle.archive(one) == bundle.archive(other)) == (one == other)


def test_what_no_encoding_can_carry_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        bundle.pack("network", "key", {"template.json": '"\ud800"'})
