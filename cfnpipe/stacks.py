"""The files below `stacks/`: their canonical text, what is there, what should be there, and writing it.

`render` makes the texts here, compares them with the files and writes the difference; `validate`
reads the committed files back.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import Change, Place, Problem, RenderedStack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from cfnpipe.model import Environment, Project, Stack, Template

FOLDER = "stacks"
TEMPLATE, CONFIGURATION, PROTECTION = FILES = ("template.json", "configuration.json", "protection.json")
_STAGING = ".render-"

_flat = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def canonical(value: Any) -> str:
    """Return the one text of a JSON value: keys sorted, two spaces, one newline at the end."""
    return _indented(value, "\n") + "\n"


def _indented(value: Any, newline: str) -> str:
    """Return what `json.dumps` returns with an indent of two, in a third of its time."""
    inner = newline + "  "
    if isinstance(value, dict) and value:
        items = [f"{_flat(key)}: {_indented(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(items)}{newline}}}"
    if isinstance(value, list) and value:
        items = [_indented(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(items)}{newline}]"
    return _flat(value)


def compact(text: str) -> str:
    """Return the same JSON as short as possible, as it travels to AWS, where bytes are counted."""
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def rendered(project: Project, environment: Environment, name: str, template: Template) -> RenderedStack:
    """Return the files of the stack `name` of `environment`, made from its template."""
    stack = environment.stacks[name]
    return RenderedStack(
        environment=environment.name,
        stack=name,
        template=canonical(template.body),
        configuration=canonical(_configuration(stack)),
        protection=_protection(project, stack),
        definition=template.definition,
        lines=template.lines,
    )


def _configuration(stack: Stack) -> dict[str, dict[str, str]]:
    """Return CodePipeline's TemplateConfiguration, in which every value is a string."""
    parameters = {
        name: value if isinstance(value, str) else ",".join(value) for name, value in stack.parameters.items()
    }
    return {"Parameters": parameters, "Tags": dict(stack.tags)}


def _protection(project: Project, stack: Stack) -> str | None:
    if stack.protection is None:
        return None
    protection: dict[str, Any] = {"TerminationProtection": stack.protection.termination}
    if stack.protection.policy:
        protection["StackPolicy"] = project.policies[stack.protection.policy]
    return canonical(protection)


def texts(stacks: Iterable[RenderedStack]) -> dict[str, bytes]:
    """Return what belongs below `stacks/`: bytes by path."""
    wanted: dict[str, bytes] = {}
    for stack in stacks:
        folder = f"{FOLDER}/{stack.environment}/{stack.stack}"
        for name, text in zip(FILES, (stack.template, stack.configuration, stack.protection), strict=True):
            if text is not None:
                wanted[f"{folder}/{name}"] = text.encode()
    return wanted


def existing(root: Path, environments: Collection[str] | None = None) -> dict[str, bytes]:
    """Return what is below `stacks/`, of some environments or of all: bytes by path.

    Raise `BadInput` for a link or anything else that is neither a file nor a folder: what is written
    through a link lands outside the folder that people review.
    """
    folders = [FOLDER] if environments is None else [f"{FOLDER}/{name}" for name in environments]
    found: dict[str, bytes] = {}
    try:
        if _is_folder(root, FOLDER):
            for folder in folders:
                found |= _files(root, folder)
    except OSError as error:
        where = Place(_relative(root, error.filename))
        raise BadInput(f"cannot be read: {error.strerror}", where=where, hint="check its rights") from error
    return found


def _is_folder(root: Path, folder: str) -> bool:
    path = root / folder
    if not path.is_symlink() and not path.exists():
        return False
    if path.is_symlink() or not path.is_dir():
        raise BadInput("a folder is needed here", where=Place(folder), hint="remove it and render again")
    return True


def _files(root: Path, folder: str) -> dict[str, bytes]:
    if not _is_folder(root, folder):
        return {}
    found: dict[str, bytes] = {}
    for entry in sorted(os.scandir(root / folder), key=lambda entry: entry.name):
        name = f"{folder}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if _is_a_stacks(name):
                raise BadInput(
                    "a file is needed here",
                    where=Place(name),
                    hint="remove the folder, and run: cfnpipe render",
                )
            found |= _files(root, name)
        elif entry.is_file(follow_symlinks=False):
            found[name] = Path(entry.path).read_bytes()
        else:
            raise BadInput("neither a file nor a folder", where=Place(name), hint="remove it")
    return found


def plan(wanted: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[Change]:
    """Return what becomes of each file, sorted by path.

    Raise `BadInput` for a file where a stack's folder belongs.
    """
    for path in wanted:
        for folder in {path.rpartition("/")[0], path.rsplit("/", 2)[0]} & found.keys():
            raise BadInput(
                "a folder is needed here",
                where=Place(folder),
                hint="remove the file, and run: cfnpipe render",
            )
    return [_change(path, wanted.get(path), found.get(path)) for path in sorted({*wanted, *found})]


def _change(path: str, new: bytes | None, old: bytes | None) -> Change:
    if new is None:
        return Change(path, "remove" if _owned(path) else "foreign", old, None)
    return Change(path, "keep" if new == old else "write", old, new)


def _owned(path: str) -> bool:
    """Tell whether `render` makes files of that name: a stack's, or what a killed run left staged."""
    match path.split("/"):
        case [_, folder, _]:
            return folder.startswith(_STAGING)
    return _is_a_stacks(path)


def _is_a_stacks(path: str) -> bool:
    """Tell whether a path is that of one of a stack's files."""
    match path.split("/"):
        case [_, _environment, _stack, name]:
            return name in FILES
    return False


def apply(root: Path, changes: Sequence[Change]) -> None:
    """Write and remove files, each as a whole: all new bytes are staged before the first is in place.

    Raise `BadInput` where the file system refuses. A crash in between leaves whole files, some old and
    some new, and rendering again finishes the work.
    """
    writes = [change for change in changes if change.action == "write"]
    try:
        if writes:
            (root / FOLDER).mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=_STAGING, dir=root / FOLDER) as staging:
                _write(root, Path(staging), writes)
        for change in changes:
            if change.action == "remove":
                _remove(root / change.path)
    except OSError as error:
        where = Place(_relative(root, error.filename))
        raise BadInput(f"cannot be written: {error.strerror}", where=where) from error


def _write(root: Path, staging: Path, writes: Sequence[Change]) -> None:
    for number, change in enumerate(writes):
        (root / change.path).parent.mkdir(parents=True, exist_ok=True)
        (staging / str(number)).write_bytes(change.new or b"")
    for number, change in enumerate(writes):
        (staging / str(number)).replace(root / change.path)


def _remove(path: Path) -> None:
    """Remove a file, and the folders that it leaves empty, up to the environment's."""
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        if any(folder.iterdir()):
            return
        folder.rmdir()


def _relative(root: Path, name: str | None) -> str:
    path = Path(name or root)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else FOLDER


def read(project: Project, environments: Collection[str]) -> list[RenderedStack]:
    """Return the committed stacks of some environments, without running any definition.

    Raise `ProblemsFound` with every file of the configuration's stacks that is missing or not UTF-8.
    """
    found = existing(project.root, environments)
    names = [
        (environment, stack)
        for environment in sorted(environments)
        for stack in sorted(project.environments[environment].stacks)
    ]
    if problems := [problem for each in names for problem in _unreadable(found, *each)]:
        raise ProblemsFound(problems, bad_input=True)
    return [_read(found, *each) for each in names]


def _unreadable(found: Mapping[str, bytes], environment: str, stack: str) -> Iterator[Problem]:
    for name in FILES:
        path = f"{FOLDER}/{environment}/{stack}/{name}"
        if path not in found and name != PROTECTION:
            yield Problem(Place(path), "missing-file", "the file is missing", "run: cfnpipe render")
        elif not _is_text(found.get(path, b"")):
            yield Problem(Place(path), "not-utf-8", "the file is not UTF-8", "run: cfnpipe render")


def _read(found: Mapping[str, bytes], environment: str, stack: str) -> RenderedStack:
    folder = f"{FOLDER}/{environment}/{stack}"
    template, configuration = (found[f"{folder}/{name}"].decode() for name in (TEMPLATE, CONFIGURATION))
    protection = found.get(f"{folder}/{PROTECTION}")
    return RenderedStack(
        environment, stack, template, configuration, None if protection is None else protection.decode()
    )


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
