"""From the committed files to bundles, without the network; every mistake is found before the first call."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cfnpipe import bundle, names, stacks
from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cfnpipe.model import Project, RenderedStack
    from cfnpipe.model.transfer import Bundle

_LARGEST = 10_000_000
"""No file is read that has more bytes: CloudFormation takes templates of up to 1 MB, without indentation."""
_RENDER = "run: cfnpipe render"


@dataclass(frozen=True)
class Committed:
    """What an environment's stacks are in the checkout."""

    bundles: tuple[Bundle, ...] = ()
    """Sorted by stack; of a stack with split sources, the half that starts its pipeline is the second."""
    stacks: tuple[RenderedStack, ...] = ()
    """The files that they are made of."""


def committed(project: Project, name: str, *, allow_empty: bool = False) -> Committed:
    """Return what is committed of an environment.

    Raise `BadInput` or `ProblemsFound` if a file is missing, or is anything else than what `render` writes;
    an empty `stacks/<environment>/` is taken for a mistake unless `allow_empty`.
    """
    folder = f"{stacks.FOLDER}/{name}"
    if project.environments[name].source is None:
        hint = f"change it with: cfnpipe deploy {name}"
        raise BadInput(f"{name} has no source, so it has no pipelines", where=project.where(name), hint=hint)
    sizes = dict(_sizes(project.root / folder))
    _raise(_oversized(project.root, sizes))
    if not sizes:
        if allow_empty:
            return Committed()
        hint = f"{_RENDER}; if every bundle is to be deleted, add --allow-empty"
        raise BadInput("there are no stacks here", where=Place(folder), hint=hint)
    found = stacks.read(project, [name])
    problems: list[Problem] = []
    texts = {stack.stack: dict(_texts(stack, problems)) for stack in found}
    _raise(problems)
    shapes = project.environments[name].stacks
    made = (
        _split(stack, files) if shapes[stack].sources == "split" else _whole(stack, files)
        for stack, files in texts.items()
    )
    return Committed(tuple(packed for halves in made for packed in halves), tuple(found))


def _raise(problems: Iterable[Problem]) -> None:
    """Raise `ProblemsFound` if there are any."""
    if found := sorted(problems):
        raise ProblemsFound(found, bad_input=True)


def _sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield path and bytes of everything below a folder that is no folder, links not followed."""
    for here, _, files in os.walk(folder):
        for name in files:
            path = Path(here, name)
            yield path, path.lstat().st_size


def _oversized(root: Path, sizes: Mapping[Path, int]) -> Iterator[Problem]:
    for path, size in sizes.items():
        if size > _LARGEST:
            where = Place(path.relative_to(root).as_posix())
            yield Problem(where, "unreadable-file", f"larger than {_LARGEST:,} bytes", _RENDER)


def _texts(stack: RenderedStack, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Yield each file's name and its JSON in the shortest form, and add a problem where that fails."""
    for name, text in zip(stacks.FILES, (stack.template, stack.configuration, stack.protection), strict=True):
        where = f"{stacks.FOLDER}/{stack.name}/{name}"
        try:
            if text is not None:
                yield name, _shortest(text)
        except json.JSONDecodeError as error:
            place = Place(where, error.lineno, error.colno)
            problems.append(Problem(place, "unreadable-json", f"no JSON: {error.msg}", _RENDER))
        except (ValueError, RecursionError) as error:
            message = f"no JSON that can be used: {_reason(error)}"
            problems.append(Problem(Place(where), "unreadable-json", message, _RENDER))


def _shortest(text: str) -> str:
    """Return the shortest form of a text that is one JSON object, which everybody reads the same way.

    Raise `ValueError`, or `RecursionError`, for any other.
    """
    if not isinstance(json.loads(text, object_pairs_hook=_object, parse_constant=_constant), dict):
        raise ValueError("it must be an object")  # noqa: TRY004 - the value is wrong, not the program
    short = stacks.compact(text)
    short.encode()
    return short


def _reason(error: Exception) -> str:
    match error:
        case RecursionError():
            return "it is nested too deeply"
        case UnicodeEncodeError():
            return "it holds half a surrogate pair"
    return str(error)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("it has a key twice in one object")
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")


def _whole(stack: str, texts: Mapping[str, str]) -> tuple[Bundle, ...]:
    return (bundle.pack(stack, names.bundle_key(stack), texts),)


def _split(stack: str, texts: Mapping[str, str]) -> tuple[Bundle, ...]:
    """Return the template and then everything else, which starts the pipeline.

    The second carries the template's digest, so that it changes whenever either of them does.
    """
    template = {stacks.TEMPLATE: texts[stacks.TEMPLATE]}
    first = bundle.pack(stack, names.template_key(stack), template)
    others = {name: text for name, text in texts.items() if name != stacks.TEMPLATE}
    second = {**others, "template.sha256": f"{first.sha256}\n"}
    return first, bundle.pack(stack, names.configuration_key(stack), second)
