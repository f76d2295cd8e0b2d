"""`deploy-init` through crashes, faults and refusals, over the example in the local AWS."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


def gone_through(program: str, *parts: str) -> None:
    """Run parts of a program in a process of its own, and see that each went through."""
    done = subprocess.run(
        [sys.executable, "-m", program, *parts], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"{part}: ok" for part in parts]), said


def test_a_crash_after_any_writing_call_is_made_good_by_the_next_run() -> None:
    gone_through("tests.bootstraps", "chain")


def test_every_state_of_a_stack_has_a_way_out_that_works() -> None:
    gone_through("tests.bootstraps", "progress", "created", "halfway", "kept", "updated")


def test_ctrl_c_asks_and_the_same_command_goes_on() -> None:
    gone_through("tests.commands", "creation", "update")


def test_what_aws_refuses_is_one_line_and_nothing_is_written() -> None:
    gone_through("tests.commands", "refusals", "region")


def test_nobody_waits_longer_than_an_hour() -> None:
    gone_through("tests.bootstraps", "patience")


@pytest.mark.slow
def test_a_crash_after_any_call_of_a_bootstrap_is_made_good_by_the_next_run() -> None:
    gone_through("tests.bootstraps", "every", "late")
