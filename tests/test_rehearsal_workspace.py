"""The snapshots of a rehearsal: the same for everybody, whatever Git is told elsewhere."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from cfnpipe.errors import BadInput
from cfnpipe.rehearsal.codepipeline import git
from cfnpipe.rehearsal.workspace import workspace
from tests.rehearsed import git as run
from tests.rehearsed import repository

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = ("pre-commit", "prepare-commit-msg", "post-commit", "post-checkout", "reference-transaction")
FILES = {"unix.txt": "one\ntwo\n", "windows.txt": "one\r\ntwo\r\n", "a b/é 日本.txt": "x\n"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    repository(tmp_path / "tree", FILES)
    return tmp_path / "tree"


def paths(made: Path, commit: str) -> set[str]:
    """The paths of a commit."""
    with zipfile.ZipFile(io.BytesIO(git.archive(made, commit))) as archive:
        return {each for each in archive.namelist() if not each.endswith("/")}


def test_a_snapshot_has_the_files_of_the_tree(tree: Path, tmp_path: Path) -> None:
    (tree / "untracked.txt").touch()
    (tree / "dangling").symlink_to("nowhere")
    (tree / "loop").symlink_to(".")
    os.mkfifo(tree / "fifo")
    (tree / os.fsdecode(b"latin-\xe9")).touch()
    made = workspace(tmp_path, tree, "feature/one")
    expected = {*FILES, "untracked.txt", "dangling", "loop"}
    assert {each for each in paths(made.repository, made.head()) if "latin" not in each} == expected
    assert made.snapshot("Nothing changed") == ""
    assert made.copied(tmp_path / "copy").snapshot("Nothing changed") == ""


def test_what_the_user_has_configured_is_for_other_repositories(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in HOOKS:
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "ignored").write_text("*.swp\n", "utf-8")
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f"[core]\nhooksPath={tmp_path}\nautocrlf=true\nsafecrlf=true\nquotepath=false\n"
        f"excludesFile={tmp_path}/ignored\n[commit]\ngpgsign=true\n[gpg]\nprogram=false\n"
        "[safe]\nbareRepository=explicit\n[init]\ndefaultObjectFormat=sha256\n[status]\nbranch=true\n",
        "utf-8",
    )
    (tree / ".windows.txt.swp").touch()
    (tree / os.fsdecode(b"latin-\xe9")).touch()
    with monkeypatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        made = workspace(tmp_path, tree, "master")
        assert made.snapshot("Nothing changed") == ""
    assert ".windows.txt.swp" not in paths(made.repository, made.head())
    assert run(made.repository, "cat-file", "-s", f"{made.head()}:windows.txt") == "10"


def test_inside_a_hook_of_git_the_users_index_stays_as_it_is(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "untracked.txt").touch()
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(tree / ".git"))
        patch.setenv("GIT_WORK_TREE", str(tree))
        patch.setenv("GIT_INDEX_FILE", str(tree / ".git/index"))
        patch.setenv("GIT_OBJECT_DIRECTORY", str(tree / ".git/objects"))
        patch.setenv("GIT_AUTHOR_NAME", "")
        made = workspace(tmp_path, tree, "master")
        head = made.head()
    assert "untracked.txt" in paths(made.repository, head)
    assert run(tree, "status", "--porcelain") == "?? untracked.txt"
    assert run(tree, "rev-parse", "HEAD") != head


def test_what_git_refuses_is_said_with_its_command(tree: Path, tmp_path: Path) -> None:
    run(tree, "init", "--quiet", "empty")
    said = "git add: error: 'empty/' does not have a commit checked out; fatal: adding files failed"
    with pytest.raises(BadInput, match=f"^{said}$") as caught:
        workspace(tmp_path, tree, "master")
    assert caught.value.hint == "the rehearsal commits the working tree into a repository of its own"


def test_a_file_may_go_while_git_looks(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("git")
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *" add --all "*)\n  if [ ! -e {tmp_path}/gone ]; then\n'
        f"    touch {tmp_path}/gone\n    echo fatal: unable to stat >&2\n    exit 128\n  fi\nesac\n"
        f'exec {real} "$@"\n',
        "utf-8",
    )
    wrapper.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(wrapper.parent), prepend=os.pathsep)
        made = workspace(tmp_path, tree, "master")
    assert (tmp_path / "gone").exists()
    assert paths(made.repository, made.head()) == {*FILES}


def test_without_git_it_is_said(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(BadInput, match="^git is not installed$"):
            workspace(tmp_path, tree, "master")
