"""Sync through a network that cuts, delays and lies: real sockets, real retries, real processes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from cfnpipe import config, sync
from cfnpipe.aws import Bucket, Session
from cfnpipe.aws.session import CONNECTIONS
from cfnpipe.errors import Refused
from tests import checkouts, proxy
from tests.conftest import ROOT
from tests.local_aws import ACCOUNT, CREDENTIALS, free_port, started
from tests.memory_s3 import Crash
from tests.proxy import Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from socket import socket

    from tests.checkouts import Checkout
    from tests.local_aws import Source
    from tests.proxy import Fault, Proxy, Request

LIST = "list-type=2"


def key(stack: str) -> str:
    return f"stacks/{stack}/bundle.zip"


NETWORK = key("network")


@dataclass(frozen=True)
class Door:
    """cfnpipe's own way to the server, through a proxy, kept for many syncs."""

    network: Proxy
    session: Session


@dataclass(frozen=True)
class World:
    """A checkout, its source bucket, and the way between them."""

    checkout: Checkout
    source: Source
    network: Proxy
    session: Session

    def sync(self) -> tuple[int, dict[str, str]]:
        """Sync, and return the exit code and what came of each stack that was not kept."""
        project, name = config.load(self.checkout.root), self.checkout.environment
        bucket = Bucket(self.session, self.source.bucket, ACCOUNT)
        committed = sync.committed(project, name)
        prepared = sync.prepare(project, name, committed, session=self.session, bucket=bucket, variables={})
        outcomes = sync.apply(prepared.steps, bucket, prepared.metadata)
        changed = (outcome for outcome in outcomes if outcome.result != "unchanged")
        return sync.exit_code(outcomes), {outcome.step.stack: outcome.result for outcome in changed}

    def check(self) -> None:
        """The bucket is as the checkout wants it, and everything was written and deleted once."""
        assert self.sync() == (0, {})
        versions = self.source.versions()
        assert (len(versions[NETWORK]), len(versions[key("orders")])) == (2, 2)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with proxy.running(started().endpoint) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": running.endpoint}.items():
            patch.setenv(name, value)
        session = Session("us-east-1")
        session.client("s3")
        session.client("sts")
        yield Door(running, session)


@pytest.fixture
def world(tmp_path: Path, door: Door) -> World:
    """A bucket that is one change of `network` and one deletion of `orders` behind the checkout."""
    door.network.choose = lambda _number, _request: proxy.passed
    checkout = checkouts.checkout(tmp_path, door.network.endpoint)
    checkout.commit({"network": 1, "orders": 1})
    made = World(checkout, checkouts.source(checkout, started()), door.network, door.session)
    assert made.sync()[0] == 0
    checkout.commit({"network": 2})
    door.network.requests.clear()
    return made


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore try again at once."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda _self, _context: 0)


SLOW_DOWN = proxy.error("503 Slow Down", "SlowDown", applied=False)
INTERNAL = proxy.error("500 Internal Server Error", "InternalError", applied=False)
DONE_BUT_500 = proxy.error("500 Internal Server Error", "InternalError", applied=True)
DONE_BUT_503 = proxy.error("503 Service Unavailable", "ServiceUnavailable", applied=True)
PORTAL = proxy.answer(proxy.xml("<html><body>Log in</body></html>", kind="text/html"))
FALSE_412 = proxy.answer(proxy.xml("<Error><Code>PreconditionFailed</Code></Error>"))


@pytest.mark.parametrize(
    "faults",
    [
        [proxy.reset],
        [proxy.lost_reply],
        [proxy.cut_reply],
        [proxy.cut_request],
        [proxy.delayed],
        [SLOW_DOWN] * 5,
        [INTERNAL],
        [DONE_BUT_500],
        [DONE_BUT_503, proxy.reset],
        [proxy.lost_reply, proxy.lost_reply],
        [proxy.lost_reply, INTERNAL],
        [PORTAL],
        [FALSE_412],
    ],
    ids=[
        "reset",
        "lost reply",
        "cut reply",
        "cut request",
        "delayed",
        "slow down",
        "500",
        "500 though done",
        "503 though done and reset",
        "lost twice",
        "lost and 500",
        "login page",
        "412 as 200",
    ],
)
@pytest.mark.parametrize(
    ("method", "ending"), [("PUT", NETWORK), ("DELETE", key("orders"))], ids=["put", "delete"]
)
def test_a_write_that_meets_a_passing_fault_is_done_once(
    world: World, method: str, ending: str, faults: list[Fault]
) -> None:
    world.network.at(method, ending, *faults)
    assert world.sync() == (0, {"network": "done", "orders": "done"})
    world.check()


def test_the_tests_of_a_write_would_see_a_second_version(world: World) -> None:
    """Without a condition the same lost reply makes two versions."""
    world.network.at("PUT", "unconditional", proxy.lost_reply)
    client = world.session.client("s3")
    client.put_object(Bucket=world.source.bucket, Key="unconditional", Body=b"1")
    assert len(world.source.versions()["unconditional"]) == 2


@pytest.mark.parametrize("fault", [proxy.reset, SLOW_DOWN, INTERNAL], ids=["reset", "slow down", "500"])
def test_a_write_that_never_succeeds_fails_alone_and_nothing_is_deleted(world: World, fault: Fault) -> None:
    world.checkout.commit({"network": 2, "queue": 1})
    world.network.at("PUT", NETWORK, *[fault] * 8)
    assert world.sync() == (1, {"network": "failed", "queue": "done", "orders": "skipped"})
    assert key("orders") in world.source.contents()
    assert world.sync() == (0, {"network": "done", "orders": "done"})


def page(body: str) -> str:
    return f"<ListBucketResult>{body}</ListBucketResult>"


NAME, TRUNCATED = "<Name>%s</Name>", "<IsTruncated>true</IsTruncated>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (page(NAME + TRUNCATED), "the listing breaks off"),
        (
            page(f"{NAME}{TRUNCATED}<NextContinuationToken>1</NextContinuationToken>"),
            "the listing breaks off",
        ),
        (
            page("<Name>another</Name><IsTruncated>false</IsTruncated>"),
            "the answer is no listing",
        ),
        (page(NAME), "the answer is no listing"),
        ("<html><body>Log in</body></html>", "the answer is no listing"),
        ("Log in", "500: Internal Server Error"),
        (f"<ListBucketResult>{NAME}", "500: Internal Server Error"),
    ],
    ids=["no token", "same token", "another bucket", "no end", "login page", "text", "cut off"],
)
def test_after_half_a_listing_nothing_is_written(world: World, body: str, said: str) -> None:
    versions = world.source.versions()
    fault = proxy.answer(proxy.xml(body.replace("%s", world.source.bucket)))
    world.network.choose = lambda _number, request: fault if LIST in request.target else proxy.passed
    with pytest.raises(Refused) as caught:
        world.sync()
    assert caught.value.message == f"s3:ListBucket on s3://{world.source.bucket}/stacks/: {said}"
    assert not {request.method for request in world.network.requests} & {"PUT", "DELETE"}
    assert world.source.versions() == versions


def test_a_page_that_fails_stops_everything(world: World) -> None:
    """The first page arrives, the second never does."""
    world.network.choose = lambda _number, request: (
        INTERNAL if "continuation-token" in request.target else small_pages(_number, request)
    )
    with pytest.raises(Refused) as caught:
        world.sync()
    assert caught.value.message == (
        f"s3:ListBucket on s3://{world.source.bucket}/stacks/: InternalError: InternalError"
    )
    assert not {request.method for request in world.network.requests} & {"PUT", "DELETE"}


def test_a_listing_of_several_pages_is_read_to_its_end(world: World) -> None:
    world.network.choose = small_pages
    assert world.sync() == (0, {"network": "done", "orders": "done"})
    assert sum(LIST in request.target for request in world.network.requests) == 3


def small_pages(_number: int, request: Request) -> Fault:
    """Let the server list two keys a page."""

    def narrow(_request: Request, client: socket, forward: Callable[..., bytes]) -> None:
        client.sendall(forward(request.raw.replace(b"list-type=2", b"list-type=2&max-keys=2", 1)))

    return narrow if LIST in request.target else proxy.passed


@pytest.mark.parametrize(
    ("code", "status", "said", "hint"),
    [
        (
            "AccessDenied",
            "403 Forbidden",
            "access denied",
            "these credentials need s3:PutObject, and nothing may deny it",
        ),
        (
            "ExpiredToken",
            "400 Bad Request",
            "the credentials have expired",
            "get new ones, then run the command again",
        ),
        (
            "RequestTimeTooSkewed",
            "403 Forbidden",
            "the clock of this machine is wrong, so AWS trusts no request",
            "set the clock",
        ),
        (
            "KMS.DisabledException",
            "400 Bad Request",
            "KMS.DisabledException: KMS.DisabledException",
            "",
        ),
        ("NoSuchBucket", "404 Not Found", "NoSuchBucket: NoSuchBucket", ""),
    ],
)
def test_what_stops_one_write_stops_all(world: World, code: str, status: str, said: str, hint: str) -> None:
    world.checkout.commit(dict.fromkeys(("network", *(f"s{number:02}" for number in range(40))), 2))
    refusal = proxy.error(status, code, applied=False)
    world.network.choose = lambda _number, request: refusal if request.method == "PUT" else proxy.passed
    stopped = world.checkout.sync("--yes")
    assert stopped.code == 1
    expected = f"error: s3:PutObject on s3://{world.source.bucket}/{NETWORK}: {said}\n"
    assert expected + (f"  hint: {hint}\n" if hint else "") in stopped.err
    assert sum(request.method == "PUT" for request in world.network.requests) <= CONNECTIONS
    assert not [request for request in world.network.requests if request.method == "DELETE"]


def test_the_requests_are_no_more_than_it_takes(world: World) -> None:
    def made() -> list[str]:
        world.network.requests.clear()
        assert world.sync()[0] == 0
        return [f"{request.method} {_short(request.target, world)}" for request in world.network.requests]

    changed, unchanged = made(), made()
    assert changed[3] == "GET ?list"
    assert sorted(changed[4:6]) == [f"HEAD {NETWORK}", f"HEAD {key('orders')}"]
    assert changed[6:] == [f"PUT {NETWORK}", f"DELETE {key('orders')}"]
    assert unchanged[3:] == ["GET ?list"]
    assert sorted(changed[:3]) == sorted(unchanged[:3]) == ["GET ?versioning", "HEAD /", "POST /"]


def _short(target: str, world: World) -> str:
    inside = target.removeprefix(f"/{world.source.bucket}").removeprefix("/") or "/"
    return "?list" if LIST in inside else inside


@pytest.mark.parametrize(
    ("method", "ending", "said", "hint"),
    [
        (
            "HEAD",
            "-us-east-1",
            "s3:ListBucket on s3://{bucket}: access denied",
            "these credentials need s3:ListBucket, and nothing may deny it",
        ),
        (
            "HEAD",
            NETWORK,
            "s3:GetObject on s3://{bucket}/stacks/network/bundle.zip: access denied",
            "these credentials need s3:GetObject, and nothing may deny it",
        ),
        (
            "GET",
            "versioning",
            "s3:GetBucketVersioning on s3://{bucket}: access denied",
            "these credentials need s3:GetBucketVersioning, and nothing may deny it",
        ),
    ],
    ids=["bucket of somebody else", "object", "versioning"],
)
def test_what_may_not_be_read_is_named(world: World, method: str, ending: str, said: str, hint: str) -> None:
    denied = proxy.error("403 Forbidden", "AccessDenied", applied=False)
    world.network.at(method, ending, denied)
    with pytest.raises(Refused) as caught:
        world.sync()
    assert (caught.value.message, caught.value.hint) == (said.format(bucket=world.source.bucket), hint)


def test_an_address_where_nobody_answers_is_named(world: World) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    refused = world.checkout.sync("--yes", AWS_ENDPOINT_URL=nowhere)
    said = f'sts:GetCallerIdentity on the caller: Could not connect to the endpoint URL: "{nowhere}/"'
    hint = "check the network, the proxy and AWS_ENDPOINT_URL, then run the command again"
    assert (refused.code, refused.out, refused.err) == (3, "", f"error: {said}\n  hint: {hint}\n")


# Processes that are killed


@pytest.mark.parametrize("event", ["before-send.s3", "before-parse.s3"])
@pytest.mark.parametrize("number", range(7))
def test_after_a_crash_at_any_request_to_s3_a_rerun_converges(world: World, number: int, event: str) -> None:
    """The crash comes before the request leaves, or after the server has answered it."""
    requests = iter(range(7))

    def die(**_more: object) -> None:
        if next(requests) == number:
            raise Crash

    events = world.session.client("s3").meta.events
    events.register(event, die)
    try:
        with pytest.raises(Crash):
            world.sync()
    finally:
        events.unregister(event, die)
    assert world.sync()[0] == 0
    world.check()


class Run:
    """The command in a process of its own."""

    def __init__(self, checkout: Checkout, *command: str, stdin: int = subprocess.DEVNULL) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": checkout.endpoint,
            **CREDENTIALS,
        }
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "cfnpipe", "sync", checkout.environment, "--yes", "--json"],
            cwd=checkout.root,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.mark.parametrize("applied", [False, True], ids=["before it is done", "after it is done"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_finishes_what_is_under_way_and_begins_nothing_else(
    world: World, number: signal.Signals, code: int, applied: bool
) -> None:
    """More bundles are waiting than are written at once."""
    world.checkout.commit(dict.fromkeys(("network", *(f"s{number:02}" for number in range(40))), 2))
    hold = Hold(applied)
    world.network.choose = lambda _number, request: hold if request.method == "PUT" else proxy.passed
    run = Run(world.checkout)
    assert hold.reached.wait(20)
    run.process.send_signal(number)
    threading.Timer(0.5, hold.released.set).start()
    ended, out, err = run.end()
    assert ended == code
    results = {one["stack"]: one["result"] for one in json.loads(out)["objects"]}
    assert (results["network"], results["s39"], results["orders"]) == ("done", "skipped", "skipped")
    assert err.endswith("interrupted\n")
    written = [request for request in world.network.requests if request.method == "PUT"]
    assert len(written) == list(results.values()).count("done") <= CONNECTIONS
    assert key("orders") in world.source.contents()
    assert world.sync()[0] == 0
    world.check()


def test_who_interrupts_twice_does_not_wait(world: World) -> None:
    hold = Hold(applied=False)
    world.network.at("PUT", NETWORK, hold)
    run = Run(world.checkout)
    assert hold.reached.wait(20)
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    run.process.send_signal(signal.SIGINT)
    assert run.end()[0] == 130
    hold.released.set()


@pytest.mark.parametrize("applied", [False, True], ids=["before it is done", "after it is done"])
@pytest.mark.parametrize(
    ("method", "ending"), [("PUT", NETWORK), ("DELETE", key("orders"))], ids=["put", "delete"]
)
def test_a_killed_process_loses_nothing(world: World, method: str, ending: str, applied: bool) -> None:
    hold = Hold(applied)
    world.network.at(method, ending, hold)
    run = Run(world.checkout)
    assert hold.reached.wait(20)
    run.process.kill()
    run.end()
    assert world.sync()[0] == 0
    world.check()
    hold.released.set()


PLANTED = """\
import pathlib
pathlib.Path("{marker}").write_text(__name__)
raise RuntimeError("this came from the checkout")
"""
SCRIPT = """\
#!{python}
from cfnpipe.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which cfnpipe and what it needs are installed."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    version = "python{}.{}".format(*sys.version_info)
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(ROOT)]
    (folder / "lib" / version / "site-packages/installed.pth").write_text("\n".join(paths))
    script = folder / "bin/cfnpipe"
    script.write_text(SCRIPT.format(python=folder / "bin/python"))
    script.chmod(0o755)
    return folder / "bin"


COMMANDS = {
    "module": ["{bin}/python", "-I", "-m", "cfnpipe"],
    "isolated console script": ["{bin}/python", "-I", "{bin}/cfnpipe"],
    "console script": ["{bin}/cfnpipe"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_of_the_checkout_is_imported(
    world: World, tmp_path: Path, installed: Path, command: list[str]
) -> None:
    """As CodeBuild runs it: in the checkout, where somebody left modules of every name that is imported."""
    marker = plant(world.checkout, tmp_path)
    run = Run(
        world.checkout,
        *(part.format(bin=installed) for part in command),
        "sync",
        world.checkout.environment,
        "--yes",
    )
    code, out, _ = run.end()
    assert code == 0
    assert out.endswith("5 bundles: 1 changed, 1 deleted, 3 unchanged\n")
    assert not marker.exists()
    world.check()


def test_without_isolation_it_would_be(world: World, tmp_path: Path, installed: Path) -> None:
    marker = plant(world.checkout, tmp_path)
    assert Run(world.checkout, f"{installed}/python", "-m", "cfnpipe", "--help").end()[0] == 1
    assert marker.exists()


def plant(checkout: Checkout, folder: Path) -> Path:
    """Put modules into the checkout that leave a mark when they are imported."""
    marker = folder / "imported"
    names = "boto3 botocore sitecustomize usercustomize conftest click zipfile json cfnpipe/__init__"
    for name in [*names.split(), "cfnpipe/__main__", "templates/network", "templates/sync"]:
        checkout.write(f"{name}.py", PLANTED.format(marker=marker))
    return marker


def test_the_surroundings_change_nothing(world: World) -> None:
    done = world.checkout.run(
        "sync",
        world.checkout.environment,
        "--yes",
        AWS_ENDPOINT_URL=world.checkout.endpoint,
        LANG="C",
        TZ="Pacific/Apia",
        PYTHONHASHSEED="1",
        PYTHONOPTIMIZE="1",
        TMPDIR="/nowhere",
        **CREDENTIALS,
    )
    assert done.code == 0
    world.check()


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 3), (b"\n", 3)])
def test_somebody_at_a_terminal_is_asked(world: World, answer: bytes, code: int) -> None:
    terminal, theirs = pty.openpty()
    run = Run(
        world.checkout, sys.executable, "-m", "cfnpipe", "sync", world.checkout.environment, stdin=theirs
    )
    os.write(terminal, answer)
    ended, out, err = run.end()
    os.close(terminal)
    os.close(theirs)
    assert ended == code
    assert (
        "  ~ stacks/network/bundle.zip\n"
        "  - stacks/orders/bundle.zip\n"
        "5 bundles: 1 changed, 1 deleted, 3 unchanged\n"
        "Do it? [y/N]: "
    ) in err
    assert err.endswith("Do it? [y/N]: error: nothing was changed\n") == (code == 3)
    assert (len(world.source.versions()[NETWORK]), bool(out)) == ((2, True) if code == 0 else (1, False))


def test_nobody_reads_the_output(world: World) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": world.checkout.endpoint,
    }
    subprocess.run(
        [sys.executable, "-m", "cfnpipe", "sync", world.checkout.environment, "--yes"],
        cwd=world.checkout.root,
        env={**environment, **CREDENTIALS},
        stdout=writer,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    os.close(writer)
    world.check()
