"""How commands end that are asked to, and what those do that nobody can ask or look at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Repository

WAITING = """\
import time
from pathlib import Path
Path(__file__).with_name("reached").touch()
time.sleep(60)
"""


def command(root: Path, *arguments: str, how: str = '"$@"', **variables: str) -> subprocess.Popen[str]:
    """Begin the command in a folder, by a shell that may ignore signals or close streams for it."""
    return subprocess.Popen(
        ["/bin/sh", "-c", how, "sh", sys.executable, "-m", "cfnpipe", *arguments],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def reached(root: Path) -> None:
    """Wait until the definition runs."""
    end = time.monotonic() + 20
    while not (root / "templates/reached").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_and_nothing_of_it_is_left(
    repository: Repository, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    repository.write("templates/network.py", WAITING)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = command(repository.root, "render", "--check", how='exec "$@"', TMPDIR=str(scratch))
    reached(repository.root)
    run.send_signal(number)
    out, err = run.communicate(timeout=20)
    assert (run.returncode, out, err) == (code, "", "interrupted\n")
    assert list(scratch.iterdir()) == []


def test_a_command_outlives_its_terminal_where_it_is_told_to(repository: Repository) -> None:
    repository.write("templates/network.py", WAITING)
    run = command(repository.root, "render", how="trap '' HUP; exec \"$@\"")
    reached(repository.root)
    run.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=20)
    assert run.returncode == 143


@pytest.mark.parametrize(
    ("how", "arguments", "code", "error"),
    [
        ('"$@" <&-', ("rehearse",), 3, "error: nobody is here to approve anything"),
        ('"$@" 2>&-', ("deploy-init", "nowhere"), 2, ""),
        ('"$@" >&-', ("deploy-init", "nowhere"), 2, "error: there is no environment 'nowhere'"),
        ('"$@" >&- 2>&- <&-', ("deploy-init", "nowhere"), 2, ""),
    ],
)
def test_a_stream_may_be_closed(
    repository: Repository, how: str, arguments: tuple[str, ...], code: int, error: str
) -> None:
    run = command(repository.root, *arguments, how=how)
    out, err = run.communicate(timeout=20)
    assert (run.returncode, out, err.split("\n", maxsplit=1)[0]) == (code, "", error)
