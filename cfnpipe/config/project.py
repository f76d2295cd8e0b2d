"""From a folder to a `Project`: every file of `config/`, read, merged, understood and checked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from cfnpipe.config import checks, files, policies, shape
from cfnpipe.config.merge import extended
from cfnpipe.config.nodes import Mapping, Sequence
from cfnpipe.config.reader import parse
from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import Place, Problem, Project
from cfnpipe.wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from cfnpipe.config.nodes import Node
    from cfnpipe.model import Environment


def find(start: Path) -> Path:
    """Return the repository around `start`: the nearest folder, upward, that has YAML files in `config/`.

    Raise `BadInput` if there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / "config").glob("*.y*ml")):
            return folder
    raise BadInput(
        f"there is no config/*.yaml in {printable(str(start))} or above it",
        hint="run cfnpipe in a repository that has config/ and templates/",
    )


def load(root: Path) -> Project:
    """Return what `config/` says. Raise `ProblemsFound` with every problem of every file."""
    root = root.resolve()
    names = _names(root)
    bases = {name for name in names if name.rpartition("/")[2].startswith("_")}
    problems = list(_misnamed(root))
    trees = _trees(root, [name for name in names if "/" not in name and name not in bases], bases, problems)
    project = _project(root, trees, problems)
    problems += checks.check(project)
    found = policies.load(project, problems)
    if problems:
        raise ProblemsFound(sorted(set(problems)), bad_input=True)
    return replace(project, policies=found)


def _names(root: Path) -> list[str]:
    """Return the YAML files below `config/`, relative to it. What begins with a dot belongs to an editor."""
    folder = root / "config"
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml"))
    return sorted(name for name in names if not name.startswith(".") and name.isprintable())


def _misnamed(root: Path) -> Iterator[Problem]:
    """Yield a problem for each file in `config/` that was meant to be read and would not be."""
    for path in (root / "config").glob("*"):
        name = f"config/{path.name}"
        if not path.name.isprintable():
            message = f"{quoted(path.name)} has a name that cannot be shown"
            yield Problem(Place("config"), "unreadable-file", message, "rename it")
        elif path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
            message = f"{name} is not read"
            yield Problem(Place(name), "unreadable-file", message, f"rename it to {path.stem}.yaml")


def _trees(
    root: Path, names: Iterable[str], bases: Collection[str], problems: list[Problem]
) -> dict[str, Mapping]:
    """Return the trees of those files that can be read, by environment, with everything they extend."""

    @cache
    def read(name: str) -> Mapping:
        path = f"config/{name}"
        return parse(files.read(root, path), path)

    trees: dict[str, Mapping] = {}
    for name in names:
        try:
            trees[name.removesuffix(".yaml")] = extended(name, read, bases)
        except ProblemsFound as error:
            problems += error.problems
    if not (trees or problems):
        hint = "add config/<environment>.yaml; a file that begins with _ is only a base for others"
        problems.append(Problem(Place("config"), "no-environment", "config/ has no environment", hint))
    return trees


def _project(root: Path, trees: dict[str, Mapping], problems: list[Problem]) -> Project:
    """Return what the trees say, as far as it can be understood."""
    environments: dict[str, Environment] = {}
    places: dict[tuple[str, ...], Place] = {}
    for name, tree in trees.items():
        environment, wrong = shape.environment(tree)
        problems += [*wrong, *checks.reserved(tree)]
        if environment:
            environments[name] = environment
            places.update(_places(tree, (name,), tree.where))
    return Project(root, environments, places)


def _places(node: Node, keys: tuple[str, ...], where: Place) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Yield the place of everything in a tree, by its keys."""
    yield keys, where
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield from _places(entry.value, (*keys, key), entry.where)
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _places(item, (*keys, str(index)), item.where)
