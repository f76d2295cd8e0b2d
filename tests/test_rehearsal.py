"""The whole process on this machine, over the example as it is rendered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

EVERYDAY = ("first_day", "parameter", "two", "reject", "edited")
SLOW = ("first_day", "both", "late", "members", "command_line")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_day_in_the_life_of_the_process() -> None:
    done = run("-m", "tests.scenarios", *EVERYDAY)
    assert done.stdout.splitlines() == [f"{name}: ok" for name in EVERYDAY], done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_a_day_on_which_reviewers_come_and_go() -> None:
    done = run("-m", "tests.scenarios", "first_day", "reviewers", "removed")
    assert done.stdout.splitlines() == [f"{name}: ok" for name in ("first_day", "reviewers", "removed")]
    assert done.returncode == 0


def test_the_bootstrap_that_the_documents_tell() -> None:
    done = run("-m", "tests.scenarios", "by_hand", "ended")
    assert (done.returncode, done.stdout) == (0, "by_hand: ok\nended: ok\n"), done.stdout + done.stderr


@pytest.mark.slow
def test_the_rights_of_who_bootstraps() -> None:
    done = run("-m", "tests.scenarios", "rights")
    assert (done.returncode, done.stdout) == (0, "rights: ok\n"), done.stdout + done.stderr


@pytest.mark.slow
def test_a_long_day_in_the_life_of_the_process() -> None:
    done = run("-m", "tests.scenarios", *SLOW)
    assert done.stdout.splitlines() == [f"{name}: ok" for name in SLOW], done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_the_script_goes_through() -> None:
    done = run("-m", "cfnpipe", "rehearse", "--script", "--environment", "production-eu")
    said = "6 stacks deployed by their own pipelines; a change of network ran its pipeline alone, once, and"
    assert (done.returncode, done.stdout) == (0, f"production-eu: {said} is deployed\n"), done.stderr


def test_nobody_to_approve_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cfnpipe", "rehearse"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    hint = "run it in a terminal, or unattended: cfnpipe rehearse --script"
    said = f"error: nobody is here to approve anything\n  hint: {hint}\n"
    assert (done.returncode, done.stderr) == (3, said)


def test_an_environment_that_is_not_there_is_said() -> None:
    done = run("-m", "cfnpipe", "rehearse", "--script", "-e", "production-e")
    said = "error: there is no environment 'production-e'\n  hint: did you mean 'production-eu'?\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_only_a_process_with_a_git_source_can_be_rehearsed() -> None:
    done = run("-m", "cfnpipe", "rehearse", "--script", "-e", "development")
    said = "development has no Git source, and only such a process can be rehearsed"
    hint = "there are: 'production-eu', 'production-us'"
    assert done.returncode == 2
    assert done.stderr == f"config/development.yaml:2:1: error: {said}\n  hint: {hint}\n"
