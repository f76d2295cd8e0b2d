"""Sync under crashes, lost replies and other syncs, with a bucket in memory: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfnpipe import bundle, names
from cfnpipe.aws import Bucket
from cfnpipe.errors import Refused
from cfnpipe.model.transfer import Put
from cfnpipe.sync.apply import apply
from cfnpipe.sync.look import look
from cfnpipe.sync.plan import plan
from tests import shell_loop
from tests.conftest import ROOT
from tests.memory_s3 import Crash, Fault, MemoryBucket, MemoryS3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.model.transfer import Bundle, Outcome
    from tests.conftest import Golden

Tree = dict[str, str]
"""The content of each stack; one whose name ends in `-split` has two halves."""

BEFORE: Tree = {"changed": "1", "gone": "1", "kept": "1", "halves-split": "1 1", "first-split": "1 1"}
AFTER: Tree = {"changed": "2", "new": "2", "kept": "1", "halves-split": "2 2", "first-split": "2 1"}


def bundles(tree: Tree) -> tuple[Bundle, ...]:
    made: list[Bundle] = []
    for stack in sorted(tree):
        if not stack.endswith("-split"):
            made.append(bundle.pack(stack, names.bundle_key(stack), {"template.json": tree[stack]}))
            continue
        template, configuration = tree[stack].split()
        first = bundle.pack(stack, names.template_key(stack), {"template.json": template})
        second = {"configuration.json": configuration, "template.sha256": first.sha256}
        made += [first, bundle.pack(stack, names.configuration_key(stack), second)]
    return tuple(made)


def never(_number: int, _operation: str, _key: str) -> None:
    """No fault."""


def sync(
    server: MemoryS3,
    tree: Tree,
    faults: Callable[[int, str, str], Fault | None] = never,
    *,
    jobs: int = 4,
    commit: str = "",
) -> tuple[Outcome, ...]:
    bucket, local = MemoryBucket(server, faults), bundles(tree)
    remote = look(bucket, local, jobs=jobs)  # type: ignore[arg-type]
    steps = plan(local, remote.stored)
    return apply(steps, bucket, {"commit": commit}, jobs=jobs)  # type: ignore[arg-type]


def synced(tree: Tree, *, kms: bool = False) -> MemoryS3:
    """A bucket to which a tree was carried, with what happened until then forgotten."""
    server = MemoryS3(kms=kms)
    sync(server, tree)
    server.created.clear()
    server.requests.clear()
    return server


def wanted(tree: Tree) -> dict[str, bytes]:
    return {one.key: one.content for one in bundles(tree)}


def started(server: MemoryS3) -> list[str]:
    """The stacks whose pipelines were started, as often: by the bundle, or by its second half."""
    keys = (
        key for key, _ in server.created if key.endswith((".json.zip", "bundle.zip", "configuration.zip"))
    )
    return sorted(key.split("/")[1] for key in keys)


def results(outcomes: tuple[Outcome, ...]) -> set[str]:
    return {outcome.result for outcome in outcomes}


@pytest.mark.parametrize("method", ["region", "versioned", "list", "head", "put", "delete"])
def test_the_bucket_in_memory_has_the_methods_of_the_real_one(method: str) -> None:
    in_memory, real = getattr(MemoryBucket, method), getattr(Bucket, method)
    assert inspect.signature(in_memory) == inspect.signature(real)


REQUESTS = (
    [("list", "stacks/")]
    + [("head", key) for key in ("changed/bundle", "first-split/template", "first-split/configuration")]
    + [("head", key) for key in ("gone/bundle", "halves-split/template", "halves-split/configuration")]
    + [("put", key) for key in ("changed/bundle", "new/bundle")]
    + [
        ("put", f"{stack}-split/{half}")
        for stack in ("first", "halves")
        for half in ("template", "configuration")
    ]
    + [("delete", "gone/bundle")]
)


def on(request: tuple[str, str], fault: Fault) -> Callable[[int, str, str], Fault | None]:
    """The fault at one request, the first time that it is made."""
    operation, key = request
    waiting = [fault]

    def faults(_number: int, made: str, of: str) -> Fault | None:
        hit = made == operation and of in (key, f"stacks/{key}.zip")
        return waiting.pop() if hit and waiting else None

    return faults


def test_a_sync_makes_these_requests_and_no_other() -> None:
    server = synced(BEFORE)
    sync(server, AFTER)
    full = sorted((made, key if made == "list" else f"stacks/{key}.zip") for made, key in REQUESTS)
    assert sorted(server.requests) == full
    assert started(server) == ["changed", "first-split", "halves-split", "new"]


@pytest.mark.parametrize("kms", [False, True], ids=["md5", "kms"])
@pytest.mark.parametrize("fault", ["crash before", "crash after"])
@pytest.mark.parametrize("request_", REQUESTS, ids="-".join)
def test_after_a_crash_at_any_request_a_rerun_converges(
    request_: tuple[str, str], fault: Fault, kms: bool
) -> None:
    server = synced(BEFORE, kms=kms)
    with pytest.raises(Crash):
        sync(server, AFTER, on(request_, fault))
    assert results(sync(server, AFTER)) <= {"done", "unchanged"}
    assert server.contents() == wanted(AFTER)
    assert started(server) == ["changed", "first-split", "halves-split", "new"]
    assert {key: len(versions) for key, versions in server.objects.items()} == {
        "stacks/changed/bundle.zip": 2,
        "stacks/first-split/configuration.zip": 2,
        "stacks/first-split/template.zip": 2,
        "stacks/gone/bundle.zip": 2,
        "stacks/halves-split/configuration.zip": 2,
        "stacks/halves-split/template.zip": 2,
        "stacks/kept/bundle.zip": 1,
        "stacks/new/bundle.zip": 1,
    }


@pytest.mark.slow
@pytest.mark.parametrize("second", REQUESTS, ids="-".join)
@pytest.mark.parametrize("first", REQUESTS, ids="-".join)
def test_after_two_crashes_too(first: tuple[str, str], second: tuple[str, str]) -> None:
    faults: tuple[Fault, Fault] = ("crash before", "crash after")
    for one in faults:
        for other in faults:
            server = synced(BEFORE)
            with pytest.raises(Crash):
                sync(server, AFTER, on(first, one))
            try:
                sync(server, AFTER, on(second, other))
            except Crash:
                sync(server, AFTER)
            assert server.contents() == wanted(AFTER)
            assert started(server) == ["changed", "first-split", "halves-split", "new"]


WRITES = [request for request in REQUESTS if request[0] in ("put", "delete")]


@pytest.mark.parametrize("kms", [False, True], ids=["md5", "kms"])
@pytest.mark.parametrize("request_", WRITES, ids="-".join)
def test_a_write_that_is_repeated_because_its_reply_was_lost_has_one_version(
    request_: tuple[str, str], kms: bool
) -> None:
    server = synced(BEFORE, kms=kms)
    assert results(sync(server, AFTER, on(request_, "lost reply"))) == {"done", "unchanged"}
    assert server.contents() == wanted(AFTER)
    assert started(server) == ["changed", "first-split", "halves-split", "new"]
    assert len(server.objects["stacks/gone/bundle.zip"]) == 2


@pytest.mark.parametrize("fault", ["lost for good", "not applied", "slow down", "denied"])
@pytest.mark.parametrize("request_", WRITES, ids="-".join)
def test_after_a_write_that_fails_nothing_is_deleted_and_a_rerun_converges(
    request_: tuple[str, str], fault: Fault
) -> None:
    server = synced(BEFORE)
    outcomes = sync(server, AFTER, on(request_, fault))
    assert "failed" in results(outcomes)
    if request_[0] == "put":
        assert server.current("stacks/gone/bundle.zip")
    if fault != "denied":
        failed = {outcome.step.stack for outcome in outcomes if outcome.result in ("failed", "skipped")}
        assert failed == {request_[1].split("/")[0], "gone"}
    assert results(sync(server, AFTER)) <= {"done", "unchanged"}
    assert server.contents() == wanted(AFTER)
    assert started(server) == ["changed", "first-split", "halves-split", "new"]


@pytest.mark.parametrize("request_", WRITES, ids="-".join)
def test_a_write_at_the_same_moment_as_another_is_tried_again(request_: tuple[str, str]) -> None:
    server = synced(BEFORE)
    assert results(sync(server, AFTER, on(request_, "conflict"))) == {"done", "unchanged"}
    assert server.contents() == wanted(AFTER)
    assert started(server) == ["changed", "first-split", "halves-split", "new"]


def test_a_conflict_that_never_ends_is_a_failure() -> None:
    server = synced(BEFORE)
    outcomes = sync(server, AFTER, lambda _number, made, _key: "conflict" if made == "put" else None)
    assert {outcome.result for outcome in outcomes if isinstance(outcome.step, Put)} == {"failed", "skipped"}
    assert server.contents() == wanted(BEFORE)


@pytest.mark.parametrize("request_", REQUESTS[:7], ids="-".join)
def test_what_cannot_be_read_stops_everything(request_: tuple[str, str]) -> None:
    server = synced(BEFORE)
    with pytest.raises(Refused, match="^not applied$"):
        sync(server, AFTER, on(request_, "not applied"))
    assert {made for made, _ in server.requests} <= {"list", "head"}
    assert server.contents() == wanted(BEFORE)


def test_what_would_fail_for_all_is_tried_once() -> None:
    server = synced(BEFORE)
    sync(server, AFTER, lambda _number, made, _key: "denied" if made == "put" else None, jobs=1)
    assert [made for made, _ in server.requests].count("put") == 1


@pytest.mark.parametrize("count", [1, 999, 1001, pytest.param(5000, marks=pytest.mark.slow)])
def test_many_stacks_are_carried_in_a_stable_order(count: int) -> None:
    server, tree = MemoryS3(kms=True), {f"s{number}": "1" for number in range(count)}
    done = sync(server, tree, jobs=16)
    assert [outcome.step.stack for outcome in done] == sorted(tree)
    assert results(sync(server, tree)) == {"unchanged"}
    operations = [made for made, _ in server.requests]
    assert (operations.count("list"), operations.count("put"), operations.count("head")) == (2, count, count)


TREES = st.dictionaries(
    st.sampled_from(["a", "b", "c-split"]), st.sampled_from(["1 1", "1 2", "2 1"]), max_size=3
)
FAULTS = st.dictionaries(
    st.integers(0, 9),
    st.sampled_from(
        [
            "crash before",
            "crash after",
            "lost reply",
            "lost for good",
            "not applied",
            "slow down",
            "conflict",
            "denied",
        ]
    ),
    max_size=3,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(TREES, FAULTS), min_size=1, max_size=5), st.booleans())
def test_whatever_happened_the_last_commit_wins_and_no_bundle_is_written_twice(
    history: list[tuple[Tree, dict[int, Fault]]], kms: bool
) -> None:
    server = MemoryS3(kms=kms)
    for tree, faults in history:
        with contextlib.suppress(Crash, Refused):
            outcomes = sync(server, tree, lambda number, _made, _key, faults=faults: faults.get(number))
            if results(outcomes) <= {"done", "unchanged"}:
                assert server.contents() == wanted(tree)
    last = history[-1][0]
    assert results(sync(server, last)) <= {"done", "unchanged"}
    assert server.contents() == wanted(last)
    for versions in server.objects.values():
        contents = [version.content for version in versions]
        assert all(one != other for one, other in pairwise(contents))
    writes = len(server.created)
    sync(server, last)
    assert len(server.created) == writes


class Interleaved:
    """Two syncs: the second begins at a request of the first, and pauses at one of its own until it ends."""

    def __init__(self, server: MemoryS3, first: Tree, second: Tree, begin: int, pause: int) -> None:
        self.outcomes: dict[str, tuple[Outcome, ...]] = {}
        self._paused, self._ended = threading.Event(), threading.Event()
        self._pause = pause
        other = threading.Thread(target=self._second, args=(server, second))

        def faults(number: int, _made: str, _key: str) -> None:
            if number == begin:
                other.start()
                self._paused.wait()

        self.outcomes["first"] = sync(server, first, faults, jobs=1, commit="first")
        self._ended.set()
        other.join()

    def _second(self, server: MemoryS3, tree: Tree) -> None:
        def faults(number: int, _made: str, _key: str) -> None:
            if number == self._pause:
                self._paused.set()
                self._ended.wait()

        self.outcomes["second"] = sync(server, tree, faults, jobs=1, commit="second")
        self._paused.set()


OTHERS: Mapping[str, Tree] = {
    "the same": AFTER,
    "another": {**AFTER, "changed": "3", "new": "3", "halves-split": "3 3"},
    "one without": {stack: text for stack, text in AFTER.items() if stack not in ("changed", "new")},
    "the one before": BEFORE,
}
ALONE = len(REQUESTS)


@pytest.mark.parametrize("begin", range(ALONE))
@pytest.mark.parametrize("other", OTHERS)
def test_two_syncs_at_once_never_lose_or_repeat_a_change(other: str, begin: int) -> None:
    for pause in range(ALONE + 1):
        server = synced(BEFORE)
        run = Interleaved(server, AFTER, OTHERS[other], begin, pause)
        _check_both(server, run, OTHERS[other])
        for tree in (OTHERS[other], AFTER):
            assert results(sync(server, tree)) <= {"done", "unchanged"}
            assert server.contents() == wanted(tree)


def _check_both(server: MemoryS3, run: Interleaved, second: Tree) -> None:
    """Every object is as one of the two made it, and who says that it did all, did."""
    now, before = server.contents(), wanted(BEFORE)
    claims: dict[str, set[bytes | None]] = {}
    for name, tree in (("first", AFTER), ("second", second)):
        for outcome in run.outcomes[name]:
            if outcome.result in ("done", "unchanged"):
                claims.setdefault(outcome.step.key, set()).add(wanted(tree).get(outcome.step.key))
    for key in {*now, *before, *claims}:
        assert now.get(key) in claims.get(key, {before.get(key)})
    for versions in server.objects.values():
        contents = [version.content for version in versions]
        assert all(one != other for one, other in pairwise(contents))


def test_the_same_commit_twice_at_once_is_carried_once() -> None:
    for begin in range(ALONE):
        for pause in range(ALONE + 1):
            server = synced(BEFORE)
            run = Interleaved(server, AFTER, AFTER, begin, pause)
            assert results(run.outcomes["first"]) | results(run.outcomes["second"]) <= {"done", "unchanged"}
            assert started(server) == ["changed", "first-split", "halves-split", "new"]


def test_who_comes_second_is_told_which_commits_met() -> None:
    """The second sync changes everything after the first has looked and before it writes."""
    server = synced(BEFORE)
    looked = sum(made in ("list", "head") for made, _ in REQUESTS)
    run = Interleaved(server, AFTER, OTHERS["another"], begin=looked, pause=100)
    assert results(run.outcomes["second"]) == {"done", "unchanged"}
    [conflict] = [outcome for outcome in run.outcomes["first"] if outcome.result == "conflict"]
    assert conflict.message == (
        "stacks/changed/bundle.zip was changed by somebody else while this ran: "
        "commit second is there, this is first"
    )
    assert conflict.hint == "run the command again if commit first is to replace it"
    assert results(run.outcomes["first"]) == {"conflict", "skipped", "unchanged"}


def test_beside_a_shell_loop(golden: Golden) -> None:
    """The table of the documents: one changed, one new, one deleted, one kept, and a fault everywhere."""
    rows = [
        "| | requests | crashes | changes lost | writes whose reply is lost | stacks started twice |",
        "| --- | --- | --- | --- | --- | --- |",
        _row("`cfnpipe sync`", _tree_sync, _bundle),
        _row("shell loop", shell_loop.run, shell_loop.carried),
    ]
    assert rows[2] == "| `cfnpipe sync` | 6 | 12 | 0 | 3 | 0 |"
    page = ROOT / "docs/sync.md"
    before, mark, after = page.read_text("utf-8").partition("<!-- crashes -->\n")
    golden.check(page, before + mark + "\n".join(rows) + after[after.index("\n\n") :])


Run = Callable[[MemoryS3, Tree, Callable[[int, str, str], Fault | None]], object]
SMALL_BEFORE: Tree = {"changed": "1", "gone": "1", "kept": "1"}
SMALL_AFTER: Tree = {"changed": "2", "new": "2", "kept": "1"}


def _tree_sync(server: MemoryS3, tree: Tree, faults: Callable[[int, str, str], Fault | None]) -> None:
    sync(server, tree, faults, jobs=1)


def _bundle(server: MemoryS3, stack: str) -> bytes | None:
    """The template that a stack's pipeline would see."""
    version = server.current(names.bundle_key(stack))
    return version and version.content


def _row(name: str, run: Run, carried: Callable[[MemoryS3, str], bytes | None]) -> str:
    def after(*faulty: Callable[[int, str, str], Fault | None]) -> MemoryS3:
        server = MemoryS3()
        run(server, SMALL_BEFORE, never)
        server.created.clear()
        server.requests.clear()
        for faults in faulty:
            with contextlib.suppress(Crash):
                run(server, SMALL_AFTER, faults)
        return server

    def at(number: int, fault: Fault) -> Callable[[int, str, str], Fault | None]:
        return lambda now, _made, _key: fault if now == number else None

    clean = after(never)
    requests = list(clean.requests)
    crashes: list[Fault] = ["crash before", "crash after"]
    crashed = [after(at(number, fault), never) for number in range(len(requests)) for fault in crashes]
    lost = sum(
        any(carried(server, stack) != carried(clean, stack) for stack in ("changed", "new"))
        for server in crashed
    )
    writes = [number for number, (made, _) in enumerate(requests) if made in ("put", "delete")]
    repeated = [after(at(number, "lost reply")) for number in writes]
    twice = sum(len(started(server)) > len(set(started(server))) for server in repeated)
    return f"| {name} | {len(requests)} | {len(crashed)} | {lost} | {len(writes)} | {twice} |"
