"""The plan of the house against the code: ranks, doors, cycles, sizes."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cfnpipe"

RANKS = [
    {"console", "machine", "model", "names", "wording"},
    {"errors"},
    {"bundle", "commit", "config", "definitions", "blueprints", "lock", "stacks", "tree", "turns"}
    | {"validate", "aws", "view"},
    {"render"},
    {"sync", "fleet", "review", "history"},
    {"deploy"},
    {"rehearsal"},
    {"cli"},
    {"__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}

DOORS = {
    "click": {"cli"},
    "boto3": {"aws"},
    "botocore": {"aws", "rehearsal"},  # Its services call each other, and check requests by its models.
    "cfnlint": {"validate", "rehearsal"},  # Its schemas say what AWS has.
    "rich": {"view"},
    "yaml": {"config", "rehearsal"},  # Buildspecs are YAML.
    "pydantic": {"model", "config"},
    "pydantic_core": {"config"},
    "troposphere": {"definitions", "blueprints"},
    "awacs": {"definitions", "blueprints"},
    "ministack": {"rehearsal"},
}

HEAVY = {"boto3", "botocore", "cfnlint", "ministack", "troposphere", "awacs"}
"""Packages that are imported inside functions only, so that what does not need them is fast."""

INSIDE_THE_DOOR = {"blueprints", "definitions"}
"""Rooms that are themselves imported only where troposphere is needed."""

FILES = sorted(PACKAGE.rglob("*.py"))


def module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str:
    """The room of a module, `cfnpipe` itself counting as none."""
    return name.removeprefix("cfnpipe").strip(".").split(".")[0]


MODULES = {module(path): path for path in FILES}


def imports(path: Path, nodes: list[ast.stmt] | None = None) -> set[str]:
    """Everything that a file imports, in full: `cfnpipe.model`, `cfnpipe.config.nodes`, `click`."""
    tree = ast.parse(path.read_text("utf-8"))
    found = set()
    for node in ast.walk(tree) if nodes is None else nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inside if name in MODULES} or {str(node.module)}
    return found


def test_every_room_has_a_rank() -> None:
    assert {room(name) for name in MODULES} - {""} <= set(RANK)


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_downward_only(name: str) -> None:
    here = room(name)
    others = {room(other) for other in imports(MODULES[name]) if other.startswith("cfnpipe.")} - {here}
    assert {other for other in others if here and RANK[other] >= RANK[here]} == set()


@pytest.mark.parametrize("name", MODULES)
def test_each_outside_world_has_one_door(name: str) -> None:
    strangers = {
        package
        for package in {other.split(".")[0] for other in imports(MODULES[name])}
        if package in DOORS and room(name) not in DOORS[package]
    }
    assert strangers == set()


def test_there_are_no_cycles() -> None:
    edges = {name: imports(path) & set(MODULES) - {name} for name, path in MODULES.items()}
    while leaves := {name for name, targets in edges.items() if not targets & set(edges)}:
        edges = {name: targets for name, targets in edges.items() if name not in leaves}
    assert edges == {}


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) not in INSIDE_THE_DOOR])
def test_heavy_packages_are_imported_inside_functions(name: str) -> None:
    path = MODULES[name]
    top = {other.split(".")[0] for other in imports(path, ast.parse(path.read_text("utf-8")).body)}
    assert top & HEAVY == set()


def test_modules_are_small() -> None:
    lines = [len(path.read_text("utf-8").splitlines()) for path in FILES]
    assert max(lines) <= 400
    assert statistics.median(lines) <= 120


def test_functions_are_small() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths[len(lengths) * 95 // 100] <= 40
    assert statistics.median(lengths) <= 12
