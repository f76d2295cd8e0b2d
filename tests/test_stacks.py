from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe import stacks
from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import (
    Change,
    Environment,
    Place,
    Problem,
    Project,
    Protection,
    RenderedStack,
    Stack,
    Template,
)

if TYPE_CHECKING:
    from pathlib import Path

JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
PATHS = st.sampled_from(
    [
        "stacks/a/one/template.json",
        "stacks/a/one/configuration.json",
        "stacks/a/two/protection.json",
        "stacks/b/one/template.json",
        "stacks/b/one/notes.txt",
        "stacks/readme.md",
        "stacks/.render-x/0",
    ]
)
TREES = st.dictionaries(PATHS, st.binary(max_size=3))


@given(JSON)
def test_canonical_text_depends_on_the_value_alone(value: Any) -> None:
    def reordered(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: reordered(part[key]) for key in reversed(part)}
        return [reordered(item) for item in part] if isinstance(part, list) else part

    text = stacks.canonical(value)
    assert text == stacks.canonical(reordered(value))
    assert json.loads(text) == value
    assert text == json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert text.endswith("\n")
    assert json.loads(stacks.compact(text)) == value


def test_canonical_text_is_what_people_review() -> None:
    assert stacks.canonical({"b": [1, "é"], "a": {}}) == '{\n  "a": {},\n  "b": [\n    1,\n    "é"\n  ]\n}\n'
    assert stacks.compact(stacks.canonical({"b": [1, "é"], "a": {}})) == '{"a":{},"b":[1,"é"]}'


def project(root: Path, stack: Stack) -> Project:
    environment = Environment(environment="test", region="us-east-1", stacks={"network": stack})  # type: ignore[call-arg]
    policies = {"protection/network.json": {"Statement": []}}
    return Project(root=root, environments={"test": environment}, places={}, policies=policies)


def test_a_stack_becomes_three_files(tmp_path: Path) -> None:
    stack = Stack(
        template="network",
        parameters={"Zones": "2", "Subnets": ("a", "b")},
        tags={"Owner": "platform"},
        protection=Protection(policy="protection/network.json", termination=True),
    )
    one = project(tmp_path, stack)
    made = Template(definition="templates/network.py", body={"Resources": {}})
    rendered = stacks.rendered(one, one.environments["test"], "network", made)
    assert rendered.template == '{\n  "Resources": {}\n}\n'
    assert json.loads(rendered.configuration) == {
        "Parameters": {"Zones": "2", "Subnets": "a,b"},
        "Tags": {"Owner": "platform"},
    }
    assert json.loads(rendered.protection or "") == {
        "StackPolicy": {"Statement": []},
        "TerminationProtection": True,
    }
    assert sorted(stacks.texts([rendered])) == [
        "stacks/test/network/configuration.json",
        "stacks/test/network/protection.json",
        "stacks/test/network/template.json",
    ]


def test_a_stack_without_protection_has_two_files() -> None:
    rendered = RenderedStack("test", "network", "{}", "{}")
    assert sorted(stacks.texts([rendered])) == [
        "stacks/test/network/configuration.json",
        "stacks/test/network/template.json",
    ]


@given(TREES, TREES)
def test_the_plan_names_every_file_once(wanted: dict[str, bytes], found: dict[str, bytes]) -> None:
    changes = stacks.plan(wanted, found)
    assert [change.path for change in changes] == sorted({*wanted, *found})
    for change in changes:
        assert (change.action == "keep") == (change.new == change.old)
        assert (change.action == "write") == (change.new is not None and change.new != change.old)
        if change.action == "foreign":
            assert change.path in {"stacks/b/one/notes.txt", "stacks/readme.md"}


def write(root: Path, tree: dict[str, bytes]) -> None:
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def test_applying_a_plan_makes_the_tree_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "stacks/a/one/template.json": b"old",
            "stacks/a/gone/template.json": b"old",
            "stacks/b/gone/template.json": b"old",
            "stacks/b/gone/notes.txt": b"mine",
            "stacks/.render-killed/0": b"half",
        },
    )
    wanted = {"stacks/a/one/template.json": b"new", "stacks/c/one/configuration.json": b"new"}
    changes = stacks.plan(wanted, stacks.existing(tmp_path))
    stacks.apply(tmp_path, changes)
    assert stacks.existing(tmp_path) == {**wanted, "stacks/b/gone/notes.txt": b"mine"}
    assert sorted(path.name for path in (tmp_path / "stacks").iterdir()) == ["a", "b", "c"]
    assert not (tmp_path / "stacks/a/gone").exists()


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, {"stacks/a/one/template.json": b"same"})
    path = tmp_path / "stacks/a/one/template.json"
    os.utime(path, (1, 1))
    stacks.apply(tmp_path, stacks.plan({"stacks/a/one/template.json": b"same"}, stacks.existing(tmp_path)))
    assert path.stat().st_mtime == 1


def test_only_the_named_environments_are_looked_at(tmp_path: Path) -> None:
    write(tmp_path, {"stacks/a/one/template.json": b"a", "stacks/b/one/template.json": b"b"})
    assert stacks.existing(tmp_path, ["b", "missing"]) == {"stacks/b/one/template.json": b"b"}


@pytest.mark.parametrize("make", ["symlink", "fifo"])
def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path, make: str) -> None:
    folder = tmp_path / "stacks/a"
    folder.mkdir(parents=True)
    if make == "symlink":
        (folder / "one").symlink_to(tmp_path)
    else:
        os.mkfifo(folder / "one")
    with pytest.raises(BadInput, match="^neither a file nor a folder$") as caught:
        stacks.existing(tmp_path)
    assert caught.value.where == Place("stacks/a/one")


def test_a_linked_stacks_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "stacks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="^a folder is needed here$") as caught:
        stacks.existing(tmp_path)
    assert caught.value.where == Place("stacks")


def test_a_linked_stacks_folder_is_refused_for_one_environment_too(tmp_path: Path) -> None:
    (tmp_path / "elsewhere/a").mkdir(parents=True)
    (tmp_path / "stacks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="^a folder is needed here$") as caught:
        stacks.existing(tmp_path, ["a"])
    assert caught.value.where == Place("stacks")


def test_nothing_is_in_place_when_not_everything_could_be_staged(tmp_path: Path) -> None:
    """A file where a folder is needed is found before the first old file is replaced."""
    write(tmp_path, {"stacks/a/one/template.json": b"old", "stacks/b": b"a file"})
    changes = [
        Change("stacks/a/one/template.json", "write", b"old", b"new"),
        Change("stacks/b/one/template.json", "write", None, b"new"),
    ]
    with pytest.raises(BadInput, match="^cannot be written: ") as caught:
        stacks.apply(tmp_path, changes)
    assert caught.value.where == Place("stacks/b/one")
    assert (tmp_path / "stacks/a/one/template.json").read_bytes() == b"old"
    assert sorted(path.name for path in (tmp_path / "stacks").iterdir()) == ["a", "b"]


def test_committed_stacks_are_read_back(tmp_path: Path) -> None:
    one = project(tmp_path, Stack(template="network"))
    write(
        tmp_path,
        {"stacks/test/network/template.json": b"{}", "stacks/test/network/configuration.json": b"[]"},
    )
    assert stacks.read(one, ["test"]) == [RenderedStack("test", "network", "{}", "[]", None)]


def test_an_empty_committed_protection_is_not_taken_for_none(tmp_path: Path) -> None:
    one = project(tmp_path, Stack(template="network"))
    names = ("template.json", "configuration.json", "protection.json")
    write(tmp_path, {f"stacks/test/network/{name}": b"" for name in names})
    assert stacks.read(one, ["test"])[0].protection == ""


def test_a_missing_committed_file_is_named(tmp_path: Path) -> None:
    one = project(tmp_path, Stack(template="network"))
    write(tmp_path, {"stacks/test/network/template.json": b"{}"})
    with pytest.raises(ProblemsFound) as caught:
        stacks.read(one, ["test"])
    place = Place("stacks/test/network/configuration.json")
    assert caught.value.problems == (
        Problem(place, "missing-file", "the file is missing", "run: cfnpipe render"),
    )


def test_a_committed_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    one = project(tmp_path, Stack(template="network"))
    write(
        tmp_path,
        {"stacks/test/network/template.json": b"\xff", "stacks/test/network/configuration.json": b"{}"},
    )
    with pytest.raises(ProblemsFound) as caught:
        stacks.read(one, ["test"])
    place = Place("stacks/test/network/template.json")
    assert caught.value.problems == (
        Problem(place, "not-utf-8", "the file is not UTF-8", "run: cfnpipe render"),
    )
