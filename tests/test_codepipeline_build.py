"""Builds: what of a buildspec is run, and how it ends."""

from __future__ import annotations

import io
import stat
import tempfile
import threading
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from cfnpipe.rehearsal.codepipeline.build import SKIPPED, BadBuildspec, Builds, read, unpack
from tests.environments import buildspecs

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = io.BytesIO()
with zipfile.ZipFile(EMPTY, "w") as made:
    made.writestr("hello.txt", "hello\n")


def run(text: str, seconds: float = 20, **variables: str) -> tuple[int, list[str]]:
    builds = Builds()
    code = builds.run("build", read(text), EMPTY.getvalue(), variables, seconds)
    return code, builds.log("build").splitlines()


def spec(*commands: str, by: str = "bash", more: str = "") -> str:
    lines = "".join(f"      - |\n        {command}\n" for command in commands)
    return f"version: 0.2\nenv:\n  shell: {by}\n{more}phases:\n  build:\n    commands:\n{lines}"


def test_all_commands_share_one_shell_and_the_first_failure_ends_it() -> None:
    code, lines = run(spec("cd / && said=hello", 'echo "$said $(pwd)"', "(exit 7)", "echo more"))
    assert (code, lines) == (7, ["[Container] Entering phase BUILD", "hello /"])


def test_variables_come_from_the_buildspec_and_go_before_it() -> None:
    text = spec('echo "$A $B $PYTHONPATH"', by="sh", more="  variables:\n    A: spec\n    B: 1\n")
    assert run(text, A="project") == (0, ["[Container] Entering phase BUILD", "project 1 "])


def test_what_is_installed_is_skipped_and_said() -> None:
    text = (
        "version: 0.2\nphases:\n  install:\n    commands: [exit 1]\n  build:\n    commands: [cat hello.txt]\n"
    )
    assert run(text) == (0, [SKIPPED, "[Container] Entering phase BUILD", "hello"])


def test_a_build_has_its_time() -> None:
    begun = time.monotonic()
    code, lines = run(spec("sleep 60"), seconds=0.5)
    assert code == -9
    assert lines[-1] == "[Container] BUILD_TIMED_OUT: the project's time is over"
    assert time.monotonic() - begun < 30


def test_a_build_leaves_no_process_behind(tmp_path: Path) -> None:
    late = tmp_path / "late"
    code, lines = run(spec(f"(sleep 1; touch {late}) &", "echo done"))
    assert (code, lines[-1]) == (0, "done")
    time.sleep(1.2)
    assert not late.exists()


def test_a_build_that_is_ended_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    builds, begun = Builds(), time.monotonic()
    arguments = (
        "build",
        read(spec('touch "$TMPDIR/there"', "echo begun", "sleep 60")),
        EMPTY.getvalue(),
        {},
        60,
    )
    build = threading.Thread(target=builds.run, args=arguments)
    build.start()
    while "begun" not in builds.log("build"):
        time.sleep(0.01)
    assert len(list(tmp_path.glob("*/tmp/there"))) == 1
    builds.stop()
    assert list(tmp_path.iterdir()) == []
    build.join()
    assert time.monotonic() - begun < 30


def test_a_build_that_begins_while_all_are_ended_is_ended_too() -> None:
    """Else the end would wait for it, and then not; what begins later is no part of that."""
    builds = Builds()
    with builds._counted():  # noqa: SLF001 - one of them has not begun yet
        stop = threading.Thread(target=builds.stop)
        stop.start()
        while not builds._ending:  # noqa: SLF001 - as above
            time.sleep(0.01)
        code = builds.run("build", read(spec("sleep 20")), EMPTY.getvalue(), {}, 30)
    stop.join()
    assert code == -9
    assert builds.run("later", read(spec("echo done")), EMPTY.getvalue(), {}, 30) == 0


WRONG = {
    "version: 0.1\n": "the buildspec must have version 0.2",
    "": "the buildspec must have version 0.2",
    "version: 0.2\nbatch: {}\n": "the rehearsal does not know batch of a buildspec",
    "version: 0.2\nenv: {git-credential-helper: yes}\n": (
        "the rehearsal does not know env.git-credential-helper of a buildspec"
    ),
    "version: 0.2\nphases: {post_build: {}}\n": (
        "the rehearsal does not know phases.post_build of a buildspec"
    ),
    "version: 0.2\nphases: {build: {finally: []}}\n": (
        "the rehearsal does not know phases.build.finally of a buildspec"
    ),
    "version: 0.2\nphases: []\n": "phases is no mapping",
    "version: 0.2\nenv: {shell: powershell.exe}\n": "the buildspec asks for the shell powershell.exe",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_buildspec_says_no_more_than_is_known(text: str) -> None:
    with pytest.raises(BadBuildspec) as refused:
        read(text)
    assert str(refused.value) == WRONG[text]


def test_a_buildspec_must_be_yaml() -> None:
    with pytest.raises(BadBuildspec, match="the buildspec is no YAML: "):
        read("version: [")


def test_the_rendered_buildspecs_are_known() -> None:
    for text in buildspecs().values():
        assert read(text).shell == "bash"


def test_an_artifact_keeps_modes_and_links(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        link = zipfile.ZipInfo("a/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../b/run")
        program = zipfile.ZipInfo("b/run")
        program.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(program, "#!/bin/sh\n")
        archive.writestr("../../c", "x")
    folder = tmp_path / "src"
    unpack(content.getvalue(), folder)
    assert (folder / "a/link").read_text("utf-8") == "#!/bin/sh\n"
    assert stat.S_IMODE((folder / "b/run").stat().st_mode) == 0o755
    assert sorted(each.name for each in tmp_path.iterdir()) == ["src"]
