"""What is seen of a folder, and what has changed in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cfnpipe import tree

if TYPE_CHECKING:
    from pathlib import Path


def files(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("1")


def test_what_is_made_changed_and_removed_is_seen(tmp_path: Path) -> None:
    files(tmp_path, "same", "deep/er/gone", "changed", "written anew")
    before = tree.stamps(tmp_path)
    assert sorted(before) == ["changed", "deep/er/gone", "same", "written anew"]
    (tmp_path / "deep/er/gone").unlink()
    (tmp_path / "changed").write_text("22")
    (tmp_path / "new").symlink_to("same")
    (tmp_path / "other").write_text("1")
    (tmp_path / "other").replace(tmp_path / "written anew")
    assert tree.changed(before, tree.stamps(tmp_path)) == ["changed", "deep/er/gone", "new", "written anew"]


def test_caches_hidden_folders_environments_and_what_links_lead_to_are_left_out(tmp_path: Path) -> None:
    files(tmp_path, ".git/HEAD", ".cfnlintrc", "a/__pycache__/a.pyc", "node_modules/b/c.js")
    files(tmp_path, "venv/pyvenv.cfg", "venv/bin/python")
    (tmp_path / "a/loop").symlink_to("..")
    assert sorted(tree.stamps(tmp_path)) == [".cfnlintrc", "a/loop"]


def test_names_that_are_no_text_are_seen(tmp_path: Path) -> None:
    before = tree.stamps(tmp_path)
    (tmp_path / os.fsdecode(b"\xff")).touch()
    assert tree.changed(before, tree.stamps(tmp_path)) == ["\udcff"]
