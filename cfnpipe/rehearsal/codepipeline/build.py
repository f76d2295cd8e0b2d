"""CodeBuild's part: an inline buildspec, run in a local shell in a clean copy of the input artifact.

The `install` phase is skipped: it would fetch what the image has, from the network. What it installs is there
already, because the folder of the running Python comes first on the path.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_KEYS = {
    "": {"version", "env", "phases"},
    "env": {"shell", "variables"},
    "phases": {"install", "pre_build", "build"},
}
"""What of a buildspec is known here; anything else fails the build."""
_PHASE = {"commands", "runtime-versions", "on-failure"}
_SHELLS = {"bash", "sh", "/bin/sh"}
_PATIENCE = 5.0
"""Seconds that builds may take to end."""
SKIPPED = "[Container] The install phase is skipped: what it installs is taken from this machine"


class BadBuildspec(Exception):
    """A buildspec that cannot be run here."""


@dataclass(frozen=True)
class Buildspec:
    """What a buildspec says."""

    shell: str
    """`bash` or `sh`."""
    variables: Mapping[str, str]
    """Variables that it sets itself."""
    installs: bool
    """Whether it has an install phase."""
    phases: Mapping[str, tuple[str, ...]]
    """The commands of the other phases, in order."""


def read(text: str) -> Buildspec:
    """Return what a buildspec says. Raise `BadBuildspec` if it is wrong, or says more than is known here."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadBuildspec(f"the buildspec is no YAML: {error}") from error
    if not isinstance(found, dict) or str(found.get("version")) != "0.2":
        raise BadBuildspec("the buildspec must have version 0.2")
    env, phases = found.get("env", {}), found.get("phases", {})
    for name, part in (("", found), ("env", env), ("phases", phases)):
        _check(name, part, _KEYS[name])
    for name, part in phases.items():
        _check(f"phases.{name}", part, _PHASE)
    shell = env.get("shell", "sh")
    if shell not in _SHELLS:
        raise BadBuildspec(f"the buildspec asks for the shell {shell}")
    commands = {
        name: tuple(map(str, phases[name].get("commands", ())))
        for name in ("pre_build", "build")
        if name in phases
    }
    variables = {key: str(value) for key, value in (env.get("variables") or {}).items()}
    return Buildspec(Path(shell).name, variables, "install" in phases, commands)


def _check(name: str, part: Any, known: set[str]) -> None:
    if not isinstance(part, dict):
        raise BadBuildspec(f"{name or 'the buildspec'} is no mapping")
    for key in part:
        if key not in known:
            raise BadBuildspec(f"the rehearsal does not know {name}{'.' if name else ''}{key} of a buildspec")


class Builds:
    """Builds that run or ran, and their logs. Used by several threads."""

    def __init__(self) -> None:
        self._logs: dict[str, list[str]] = {}
        self._running: set[subprocess.Popen[str]] = set()
        self._folders = 0
        self._ending = False
        self._guard = threading.Condition()

    def log(self, build: str) -> str:
        """Return what a build has said so far; nothing of one that is not known."""
        return "".join(f"{line}\n" for line in self._logs.get(build, ()))

    def say(self, build: str, line: str) -> None:
        """Write a line into a build's log."""
        self._logs.setdefault(build, []).append(line)

    def run(
        self, build: str, spec: Buildspec, artifact: bytes, variables: Mapping[str, str], seconds: float
    ) -> int:
        """Run a buildspec on a zip and return its exit code; one that takes too long ends with -9.

        `variables`: all that the commands see, but for PATH, HOME, TMPDIR and where the source is.
        """
        if spec.installs:
            self.say(build, SKIPPED)
        with self._counted(), tempfile.TemporaryDirectory(prefix="cfnpipe-build-") as made:
            folder = Path(made)
            source = folder / "src"
            unpack(artifact, source)
            script = folder / "commands"
            script.write_text(_script(spec), "utf-8")
            environment = {**_surroundings(folder, source), **spec.variables, **variables}
            return self._execute(build, [spec.shell, str(script)], source, environment, seconds)

    def stop(self) -> None:
        """End what runs, and what begins meanwhile, and wait until nothing of it is left.

        Others may run after that: the local AWS is emptied in this way, too.
        """
        with self._guard:
            self._ending = True
            for process in self._running:
                _end(process)
            self._guard.wait_for(lambda: not self._folders, _PATIENCE)
            self._ending = False

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a build's folder, for as long as it may be there."""
        with self._guard:
            self._folders += 1
        try:
            yield
        finally:
            with self._guard:
                self._folders -= 1
                self._guard.notify_all()

    def _execute(
        self, build: str, command: list[str], folder: Path, environment: Mapping[str, str], seconds: float
    ) -> int:
        with subprocess.Popen(  # noqa: S603 - the buildspec that the pipeline's project names
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            with self._guard:
                self._running.add(process)
                if self._ending:
                    _end(process)
            timer = threading.Timer(seconds, self._too_long, (build, process))
            reader = threading.Thread(target=self._read, args=(build, process), daemon=True)
            timer.start()
            reader.start()
            try:
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            finally:
                timer.cancel()
                with self._guard:
                    self._running.discard(process)
                _end(process)
            reader.join()
            return process.wait()

    def _read(self, build: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self.say(build, line.rstrip("\n"))

    def _too_long(self, build: str, process: subprocess.Popen[str]) -> None:
        with self._guard:
            if process in self._running:
                self.say(build, "[Container] BUILD_TIMED_OUT: the project's time is over")
                _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a build and what it has started: the group that was made for it.

    Its leader has not been waited for yet, so that the group's number is nobody else's.
    """
    with contextlib.suppress(PermissionError):  # What macOS says where only that leader is left.
        os.killpg(process.pid, signal.SIGKILL)


def _script(spec: Buildspec) -> str:
    """Return the commands of all phases for one shell; the first that fails ends it with its code."""
    lines: list[str] = []
    for name, commands in spec.phases.items():
        lines.append(f"echo '[Container] Entering phase {name.upper()}'")
        for command in commands:
            lines += [command, 'cfnpipe_code=$?; [ "$cfnpipe_code" -eq 0 ] || exit "$cfnpipe_code"']
    return "\n".join([*lines, "exit 0", ""])


def _surroundings(folder: Path, source: Path) -> dict[str, str]:
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "CODEBUILD_SRC_DIR": str(source),
    }


def unpack(artifact: bytes, folder: Path) -> None:
    """Unpack a zip into a new folder, with the modes and links of its files; links last."""
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(artifact)) as archive:
        links = [each for each in archive.infolist() if stat.S_ISLNK(each.external_attr >> 16)]
        for each in archive.infolist():
            if each in links:
                continue
            made = Path(archive.extract(each, folder))
            mode = stat.S_IMODE(each.external_attr >> 16)
            if mode and not each.is_dir():
                made.chmod(mode | stat.S_IRUSR)
        for each in links:
            place = Path(archive.extract(each, folder))
            target = place.read_text("utf-8")
            place.unlink()
            place.symlink_to(target)


def environment_variables(declared: list[Mapping[str, str]], say: Callable[[str], None]) -> dict[str, str]:
    """Return the variables of a project or an action; one that stands for a secret is left out, and said."""
    found = {}
    for each in declared:
        if each.get("type", "PLAINTEXT") == "PLAINTEXT":
            found[each["name"]] = each["value"]
        else:
            say(f"[Container] {each['name']} is of type {each['type']}, which the rehearsal does not read")
    return found
