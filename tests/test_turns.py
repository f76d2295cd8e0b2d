"""Several runs in one repository: none disturbs another, and a killed one blocks nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from cfnpipe.turns import turn
from tests.conftest import DEFINITION, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Repository

WAITING = "waiting for another cfnpipe that is at work in this repository\n"


def started(repository: Repository, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cfnpipe", *arguments],
        cwd=repository.root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(repository.root.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def slow(repository: Repository) -> Path:
    """Make the definition wait until the file that is returned is there, and say so by another one."""
    go = repository.root.parent / "go"
    wait = f"""
import time
from pathlib import Path
Path({str(go)!r} + ".waits").touch()
while not Path({str(go)!r}).exists():
    time.sleep(0.01)
"""
    repository.write("templates/network.py", DEFINITION + wait)
    return go


def until_it_is_there(path: Path) -> None:
    end = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_second_run_waits_and_finds_the_work_done(repository: Repository) -> None:
    go = slow(repository)
    first = started(repository, "render")
    until_it_is_there(go.with_name("go.waits"))
    second = started(repository, "render")
    assert second.stderr is not None
    assert second.stderr.readline() == WAITING
    go.touch()
    assert first.communicate(timeout=30)[0].endswith("1 stack in 1 environment: 2 created\n")
    assert second.communicate(timeout=30) == ("1 stack in 1 environment: 2 unchanged\n", "")
    assert (first.returncode, second.returncode) == (0, 0)


def test_checks_do_not_wait_for_each_other_but_for_a_writer(repository: Repository) -> None:
    root = repository.root
    waits: list[str] = []
    with ExitStack() as readers:
        for _ in range(2):
            readers.enter_context(turn(root, writing=False, wait=lambda: waits.append("reader")))
    assert waits == []
    repository.run("render")
    with turn(root, writing=True, wait=lambda: waits.append("writer")):
        checks = [started(repository, "render", "--check"), started(repository, "validate")]
        for check in checks:
            assert check.stderr is not None
            assert check.stderr.readline() == WAITING
    assert [check.wait(30) for check in checks] == [0, 0]
    for check in checks:
        check.communicate()
    assert waits == []


def test_a_killed_run_blocks_nobody(repository: Repository) -> None:
    go = slow(repository)
    killed = started(repository, "render")
    until_it_is_there(go.with_name("go.waits"))
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    go.touch()
    result = repository.run("render")
    assert (result.code, result.err) == (0, "")


def test_interrupting_a_run_that_waits_ends_it(repository: Repository) -> None:
    with turn(repository.root, writing=True, wait=lambda: None):
        waiting = started(repository, "render")
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == WAITING
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate(timeout=30) == ("", "interrupted\n")
    assert waiting.returncode == 130
