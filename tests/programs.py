"""What the programs share that test cfnpipe over a rehearsal: who watches, and the commands people run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from cfnpipe.model import Activity
    from cfnpipe.rehearsal.process import Process

ENVIRONMENT = "production-us"


class Silent:
    """Watches, remembers what was said, and agrees."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def activity(self, pipeline: str, activity: Activity) -> None:
        self.said.append(f"{pipeline} {activity.action} {activity.status} {activity.message}")

    def changes(self, *_: Any) -> None:
        """Nobody looks at it."""

    def agree(self, _question: str) -> bool:
        return True

    def happened(self, _event: Any) -> None:
        """Nobody looks at it."""

    def let_run(self, _stack: str) -> bool:
        return True

    def link(self, *_: Any) -> None:
        """Nobody looks at it."""


def variables(process: Process, **more: str) -> dict[str, str]:
    """The environment variables of whoever has the rights of the account's root."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": process.endpoint,
        "AWS_ACCESS_KEY_ID": process.environment.account or "",
        "AWS_SECRET_ACCESS_KEY": "local",
        **more,
    }


def cfnpipe(process: Process, tree: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody runs it in a checkout, with the rights of the account's root."""
    return subprocess.run(
        [sys.executable, "-m", "cfnpipe", *arguments],
        cwd=tree,
        env=variables(process, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def aws(process: Process, *arguments: str) -> Any:
    """What the real AWS CLI answers. Raise `RuntimeError` with what it says if it fails."""
    region = process.environment.region
    command = ["aws", *arguments, "--output", "json"]
    given = variables(process, AWS_DEFAULT_REGION=region)
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout or "null")
