"""The processes in which definitions run: their limits, their ends, and that none is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from cfnpipe.definitions import build
from cfnpipe.errors import CfnpipeError
from tests.definitions import START, project, repository, shown, template


def test_time_limit(tmp_path: Path):
    files = {
        "busy": "x = 1\nwhile True:\n    x += 1\n",
        "deaf": "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep(60)\n",
        "fine": START,
        "picky": "import time\nfrom troposphere import Template\ndef template(environment):\n"
        "    while environment.name == 'development': pass\n    return Template(environment.name)\n",
        "waiting": "import _waiting\n",
        "_waiting": "import time\n\ntime.sleep(60)\n",
    }
    made = repository(tmp_path, files, ("development", "production"))
    start = time.monotonic()
    results = {
        (one.environment, one.definition): one
        for one in build(made, list(made.environments), timeout=1, jobs=4)
    }
    assert time.monotonic() - start < 10
    assert template(results["development", "fine"]).body == {"Resources": {}}
    assert template(results["production", "picky"]).body == {"Description": "production", "Resources": {}}
    late = "definition-timeout: it was not done after 1 s\n"
    hint = "  hint: if it waits for something, take that out; --timeout gives it more time"
    assert shown(results["production", "deaf"].problems) == f"templates/deaf.py: {late}{hint}"
    assert shown(results["production", "waiting"].problems) == f"templates/_waiting.py:3: {late}{hint}"
    assert shown(results["development", "picky"].problems) == f"templates/picky.py:4: {late}{hint}"
    (busy,) = results["development", "busy"].problems
    assert busy.where.line in {2, 3}


def test_a_large_template_and_a_slow_reader(tmp_path: Path):
    text = START + "template.metadata = {'text': 'x' * 3_000_000}\n"
    files = {f"large{number}": text for number in range(6)}
    for built in build(repository(tmp_path, files), ["production"], timeout=1):
        time.sleep(1.3 if built.definition == "large0" else 0)
        assert len(template(built).body["Metadata"]["text"]) == 3_000_000


def test_the_warm_process_is_killed(tmp_path: Path):
    made = repository(tmp_path, {"network": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"})
    with pytest.raises(CfnpipeError) as raised:
        list(build(made, ["production"]))
    assert raised.value.message == "the process that runs the definitions has ended: Killed"
    assert (
        raised.value.hint
        == "run the command again; if it ends again, memory is short or a definition ends it"
    )


def test_service_modules_are_there_before_the_first_definition_asks_for_them(tmp_path: Path):
    text = """
        import sys

        there = "troposphere.backup" in sys.modules
        from troposphere import Template
        template = Template(f"{there}")
        """
    (without,) = build(repository(tmp_path, {"network": text}), ["production"])
    (tmp_path / "templates/network.py").write_text(
        dedent(text) + "from troposphere.backup import BackupVault\n"
    )
    (built,) = build(project(tmp_path, ["network"]), ["production"])
    assert [template(one).body["Description"] for one in (without, built)] == ["False", "True"]


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (
            "SIGSTOP",
            "the process that runs the definitions was stopped by a signal",
            "a definition must send signals to processes only that it has started",
        ),
        (
            "SIGTERM",
            "the process that runs the definitions has ended: exit code 0",
            "run the command again; if it ends again, memory is short or a definition ends it",
        ),
    ],
)
def test_a_definition_that_stops_or_ends_its_parent_ends_in_one_line(
    number: str, message: str, hint: str, tmp_path: Path
):
    made = repository(
        tmp_path, {"first": START, "stops": f"import os, signal\nos.kill(os.getppid(), signal.{number})\n"}
    )
    with pytest.raises(CfnpipeError) as raised:
        list(build(made, ["production"]))
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_the_warm_process_cannot_start():
    text = """
        import sys
        from cfnpipe.definitions import Surroundings, warm
        from cfnpipe.definitions.request import Request
        from cfnpipe.errors import CfnpipeError

        sys.path[:] = ["/nowhere"]
        try:
            with warm.started(Surroundings()) as ready:
                next(warm.endings(Request("/", "/", (), {}, 1.0, 1), ready))
        except CfnpipeError as error:
            print(error.message)
        """
    tool = subprocess.run(
        [sys.executable, "-c", dedent(text)], capture_output=True, text=True, check=True, env=environment()
    )
    assert re.fullmatch(
        "the process that runs the definitions has ended: exit code 1: "
        r"ModuleNotFoundError: No module named '\w+'\n",
        tool.stdout,
    )


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


TOOL = """\
import sys
from pathlib import Path
from cfnpipe.definitions import build
from cfnpipe.model import Environment, Project, Stack

stacks = {"first": Stack(), "waiting": Stack()}
environment = Environment(environment="production", region="us-east-1", stacks=stacks)
project = Project(root=Path(sys.argv[1]), environments={"production": environment}, places={})
results = build(project, ["production"])
next(results)
print("ready", flush=True)
next(results)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_tool(number: int, tmp_path: Path):
    waiting = (
        "import os, subprocess, time\nfrom pathlib import Path\nchild = subprocess.Popen(['sleep', '60'])\n"
    )
    waiting += (
        "Path(f'{__file__}.pids').write_text(f'{os.getppid()} {os.getpid()} {child.pid}')\ntime.sleep(60)\n"
    )
    repository(tmp_path, {"first": START, "waiting": waiting})
    tool = subprocess.Popen(
        [sys.executable, "-c", TOOL, tmp_path],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    with tool:
        assert tool.stdout is not None
        assert tool.stdout.readline() == b"ready\n"
        pids = tmp_path / "templates" / "waiting.py.pids"
        until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
        send = os.killpg if number == signal.SIGINT else os.kill  # a terminal interrupts the whole group
        send(tool.pid, number)
        assert tool.wait(10) == -number
    processes = [int(pid) for pid in pids.read_text().split()]
    until(lambda: not any(map(running, processes)))


def test_what_is_not_asked_for_is_ended(tmp_path: Path):
    waiting = "import os, time\nfrom pathlib import Path\n"
    waiting += "Path(f'{__file__}.pids').write_text(f'{os.getppid()} {os.getpid()}')\ntime.sleep(60)\n"
    results = build(repository(tmp_path, {"first": START, "waiting": waiting}), ["production"])
    next(results)
    pids = tmp_path / "templates" / "waiting.py.pids"
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    results.close()
    assert not any(running(int(pid)) for pid in pids.read_text().split())


def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def running(pid: int) -> bool:
    """Return whether a process is there and has not ended; its parent may not have looked yet."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX"
