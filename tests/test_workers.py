from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cfnpipe.machine import cores
from cfnpipe.validate.workers import Died, spread

ROOT = Path(__file__).parents[1]

SLEEPERS = """
import time
from cfnpipe.validate.workers import spread

def work(seconds):
    print("working", flush=True)
    time.sleep(seconds)

list(spread(work, [{seconds}] * 4, jobs=2))
"""


def die(item: int) -> int:
    """Work that only even numbers survive."""
    if item % 4 == 1:
        os._exit(item)
    if item % 4 == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def sleepers(seconds: float) -> subprocess.Popen[str]:
    """A process whose two workers are busy, all three holding its standard output open."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPERS.format(seconds=seconds)],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["working\n"] * 2
    return process


@settings(max_examples=25)
@given(items=st.lists(st.integers(), max_size=12), jobs=st.integers(1, 4))
def test_every_item_comes_back_once_with_its_result(items: list[int], jobs: int) -> None:
    found = list(spread(lambda item: item * 2, items, jobs=jobs))

    assert sorted(found) == sorted((item, item * 2) for item in items)


def test_the_processes_are_as_many_as_asked_for_and_stay_for_more_work() -> None:
    seen = {pid for _, pid in spread(lambda _: (time.sleep(0.01), os.getpid())[1], range(20), jobs=2)}

    assert len(seen) == 2
    assert os.getpid() not in seen


def test_a_process_that_dies_costs_one_item() -> None:
    found = dict(spread(die, range(8), jobs=2))

    deaths = {item: result for item, result in found.items() if isinstance(result, Died)}
    assert deaths == {1: Died(1), 3: Died(-9), 5: Died(5), 7: Died(-9)}
    assert sorted(found) == list(range(8))
    assert str(deaths[3]) == "was ended by SIGKILL"
    assert str(deaths[5]) == "ended with exit code 5"


def test_a_large_item_and_a_large_result_pass() -> None:
    text = "x" * 5_000_000

    assert list(spread(lambda item: item + item, [text], jobs=1)) == [(text, text + text)]


def test_closing_early_ends_the_processes() -> None:
    found = spread(lambda item: time.sleep(0 if item == 0 else 60), range(5), jobs=3)
    next(found)
    assert len(multiprocessing.active_children()) == 3

    found.close()

    assert multiprocessing.active_children() == []


def test_no_process_outlives_a_parent_that_is_killed() -> None:
    process = sleepers(0.3)

    process.kill()

    process.communicate(timeout=10)  # Returns when nobody holds the pipe any more.


def test_ctrl_c_is_answered_by_the_parent_alone() -> None:
    process = sleepers(60)

    os.killpg(process.pid, signal.SIGINT)

    _, err = process.communicate(timeout=10)
    assert err.count("Traceback") == 1
    assert err.endswith("KeyboardInterrupt\n")


def test_there_is_at_least_one_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
