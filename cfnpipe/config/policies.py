"""The stack policies that `protection.policy` names: JSON files below `config/`, parsed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfnpipe.config.files import FORBIDDEN, read
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem
from cfnpipe.wording import choice, quoted, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cfnpipe.model import Project


_DEEPEST = 20
"""Levels of nesting. A policy has five."""
_MEANT = "keep what is meant"


def load(project: Project, problems: list[Problem]) -> dict[str, Mapping[str, Any]]:
    """Return the policies that stacks name, by their paths below `config/`; add to `problems`."""
    names = _names(project.root)
    policies: dict[str, Mapping[str, Any]] = {}
    for name, where in _named(project):
        try:
            if name not in names:
                raise _wrong(where, f"there is no file {quoted(f'config/{name}')}", choice(name, names))
            policies[name] = _policy(project.root, f"config/{name}")
        except ProblemsFound as error:
            problems += error.problems
    return policies


def _names(root: Path) -> set[str]:
    config = root / "config"
    return {path.relative_to(config).as_posix() for path in config.rglob("*.json")}


def _named(project: Project) -> Iterator[tuple[str, Place]]:
    """Yield each policy that a stack names, and the place where it does."""
    for name, environment in project.environments.items():
        for stack, said in environment.stacks.items():
            if said.protection and said.protection.policy:
                yield said.protection.policy, project.where(name, "stacks", stack, "protection", "policy")


def _policy(root: Path, path: str) -> Mapping[str, Any]:
    """Return the policy in a file.

    Raise `ProblemsFound` unless it is one JSON object that every program reads in the same way: each
    key once, and no numbers, of which a policy has none.
    """
    text = read(root, path, within="config")
    try:
        policy = json.loads(
            text, object_pairs_hook=_once, parse_int=_never, parse_float=_never, parse_constant=_never
        )
        _look(policy, 1)
    except json.JSONDecodeError as error:
        raise _wrong(Place(path, error.lineno, error.colno), f"this is not JSON: {error.msg}") from error
    except RecursionError as error:
        raise _wrong(Place(path), f"{path} is nested deeper than {_DEEPEST} levels", _MEANT) from error
    except _Doubtful as error:
        raise _wrong(Place(path), f"{path} {error}", _MEANT) from error
    if not isinstance(policy, dict):
        raise _wrong(Place(path, 1, 1), f"{path} is not a JSON object")
    return policy


class _Doubtful(Exception):
    """JSON that programs read differently."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _Doubtful(f"has the key {quoted(key)} twice")
        seen[key] = value
    return seen


def _look(value: Any, depth: int) -> None:
    """Raise `_Doubtful` for what is deeper than any policy, or holds a character that no file may hold."""
    if depth > _DEEPEST:
        raise _Doubtful(f"is nested deeper than {_DEEPEST} levels")
    if isinstance(value, str) and (odd := FORBIDDEN.search(value)):
        raise _Doubtful(f"holds an escape for the character U+{ord(odd.group()):04X}")
    inner = (*value, *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _look(each, depth + 1)


def _never(number: str) -> Any:
    raise _Doubtful(f"holds the number {short(number)}, and a policy has none")


def _wrong(where: Place, message: str, hint: str = 'write one object: {"Statement": [...]}') -> ProblemsFound:
    return ProblemsFound([Problem(where, "bad-policy", message, hint)], bad_input=True)
