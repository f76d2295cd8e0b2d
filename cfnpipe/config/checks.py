"""What the shape of an environment cannot say: how its fields, its files and its neighbours agree."""

from __future__ import annotations

import os
from dataclasses import fields
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe.config.nodes import Mapping
from cfnpipe.config.words import label
from cfnpipe.model import INIT_STACKS, ConnectionSource, Place, Problem, Stack
from cfnpipe.wording import choice, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from cfnpipe.model import Environment, Project

    Where = Callable[..., Place]
    """Returns the place of a value by its keys, as `Project.where` does for one environment."""

POLICIES = ("reader", "operator")
"""Policies that every environment has, besides one for each name of `review`."""

_FIXED = {field.name for field in fields(Stack)} - {"tags", "ignore"}
"""What the configuration cannot say of an init stack."""

_NEEDED = {
    "account": 'add `account: "111122223333"`',
    "review": "add `review: [owners]`, one name for each approval",
    "notify": "add `notify: [infrastructure@example.com]`",
}
_TAGS = 50
_TAG_VALUE = 256
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html"""


def reserved(tree: Mapping) -> Iterator[Problem]:
    """Yield a problem for what a file says of an init stack and cannot say.

    They are looked for in the file, because an environment has its init stacks in any case.
    """
    source, stacks = (
        tree.entries[key].value if key in tree.entries else None for key in ("source", "stacks")
    )
    if not isinstance(stacks, Mapping):
        return
    for name in INIT_STACKS:
        if (entry := stacks.entries.get(name)) and not isinstance(source, Mapping):
            message = f"stacks.{name}: the name is reserved for environments with a source"
            yield Problem(entry.where, "reserved-stack", message, "choose another name, or add `source:`")
        elif entry and isinstance(entry.value, Mapping):
            for key in sorted(_FIXED & entry.value.entries.keys()):
                message = f"stacks.{name}.{key}: cfnpipe decides it for this stack"
                yield Problem(entry.value.entries[key].where, "reserved-stack", message, "take it out")


def check(project: Project) -> list[Problem]:
    """Return everything that does not agree. `project`: its environments by the names of their files."""
    names = _definitions(project.root)
    problems = [*_collisions(project), *_links(project.root)]
    for name, environment in project.environments.items():
        where = partial(project.where, name)
        problems += _file_name(name, environment, where)
        for rule in (_complete, _connection, _reviews, _groups, _repeated, _lock, _pipelines, _tags):
            problems += rule(environment, where)
        problems += _templates(environment, where, project.root, names)
    return problems


def _file_name(stem: str, environment: Environment, where: Where) -> Iterator[Problem]:
    if stem != environment.name:
        message = f"environment: {quoted(environment.name)} is not the name of the file"
        hint = f"write `environment: {stem}` or rename the file to {environment.name}.yaml"
        yield Problem(where("environment"), "environment-name", message, hint)


def _complete(environment: Environment, where: Where) -> Iterator[Problem]:
    for name in ("account", "review", "notify") if environment.source else ():
        if not getattr(environment, name):
            message = f"{name} is missing, which an environment with a source needs"
            yield Problem(where(), "missing-key", message, _NEEDED[name])


def _connection(environment: Environment, where: Where) -> Iterator[Problem]:
    """Yield a problem for a connection of another region; one of another account may be shared."""
    if isinstance(environment.source, ConnectionSource):
        region = environment.source.connection.split(":")[3]
        if region != environment.region:
            message = f"source.connection: it is in {region}, and the environment in {environment.region}"
            hint = f"create a connection in {environment.region}"
            yield Problem(where("source", "connection"), "connection-region", message, hint)


def _reviews(environment: Environment, where: Where) -> Iterator[Problem]:
    for index, name in enumerate(environment.review):
        if name in POLICIES:
            message = f"review item {index + 1}: {quoted(name)} is the name of another policy"
            yield Problem(where("review", str(index)), "review-name", message, "choose another name")


def _groups(environment: Environment, where: Where) -> Iterator[Problem]:
    names = (*POLICIES, *environment.review)
    for name in environment.access.groups:
        if name not in names:
            message = f"access.groups: unknown policy {quoted(name)}"
            yield Problem(where("access", "groups", name), "unknown-key", message, choice(name, names))


def _repeated(environment: Environment, where: Where) -> Iterator[Problem]:
    """Yield a problem for what a list has twice, where that cannot be meant."""
    for keys, items in _lists(environment):
        for index, item in enumerate(items):
            if item in items[:index]:
                message = f"{label((*keys, index))}: {quoted(item)} is there twice"
                yield Problem(where(*keys, str(index)), "repeated-value", message, "keep one of them")


def _lists(environment: Environment) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield each list of names, with the way to it."""
    yield ("notify",), environment.notify
    yield ("review",), environment.review
    yield ("external_exports",), environment.external_exports
    yield ("access", "deployer_policies"), environment.access.deployer_policies
    for name, groups in environment.access.groups.items():
        yield ("access", "groups", name), groups
    for name, stack in environment.stacks.items():
        yield ("stacks", name, "capabilities"), stack.capabilities


def _lock(environment: Environment, where: Where) -> Iterator[Problem]:
    if {".", ".."} & set(environment.tool.lock.split("/")):
        message = "tool.lock: expected a path in the repository without `.` and `..`"
        yield Problem(where("tool", "lock"), "bad-value", message, "write it like: requirements.lock")


def _pipelines(environment: Environment, where: Where) -> Iterator[Problem]:
    """Yield a problem for what stacks say of their pipelines and cannot be."""
    for name, stack in environment.stacks.items():
        said = {
            "sources": stack.sources == "split",
            "hold_first_run": stack.hold_first_run,
            "retire": stack.retire,
        }
        for key in (key for key, is_said in said.items() if is_said and not environment.source):
            message = f"stacks.{name}.{key}: the environment has no source, and so no pipelines"
            yield Problem(
                where("stacks", name, key), "needs-source", message, "take it out, or add `source:`"
            )
        if stack.retire and stack.hold_first_run:
            message = f"stacks.{name}: retire and hold_first_run contradict each other"
            yield Problem(where("stacks", name, "retire"), "contradiction", message, "take one of them out")


def _tags(environment: Environment, where: Where) -> Iterator[Problem]:
    for name, stack in environment.stacks.items():
        if len(stack.tags) > _TAGS:
            message = f"stacks.{name}.tags: there are {len(stack.tags)}, and AWS takes {_TAGS}"
            yield Problem(where("stacks", name, "tags"), "bad-tag", message, "take some out")
        for key, value in stack.tags.items():
            place, way = where("stacks", name, "tags", key), label(("stacks", name, "tags", key))
            if key.lower().startswith("aws:"):
                yield Problem(place, "bad-tag", f"{way}: keys with `aws:` belong to AWS", "rename it")
            if len(value) > _TAG_VALUE:
                message = f"{way}: {len(value)} characters, and AWS takes {_TAG_VALUE}"
                yield Problem(place, "bad-tag", message, "shorten it")


def _templates(
    environment: Environment, where: Where, root: Path, names: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each stack whose definition is not there."""
    for name, stack in environment.stacks.items():
        path = f"templates/{stack.template}.py"
        if stack.template not in names:
            message, hint = f"there is no definition {path}", _instead(stack.template, names)
        elif not (_inside(root / path, root / "templates") or _leads_out(root, "templates", path)):
            message, hint = f"{path} is not a file inside templates/", "put the file itself there"
        else:
            continue
        place = where("stacks", name, "template")
        yield Problem(place, "missing-definition", f"stacks.{name}: {message}", hint)


def _instead(name: str, names: Collection[str]) -> str:
    """Return what to do about a definition that is not there."""
    if name in INIT_STACKS:
        return "an environment with a source has three init stacks: copy their definitions as the README says"
    return choice(name, names)


def _definitions(root: Path) -> set[str]:
    """Return the names of the definitions: files in `templates/` that are no `_helper`."""
    return {path.stem for path in root.glob("templates/*.py") if not path.name.startswith(("_", "."))}


def _links(root: Path) -> Iterator[Problem]:
    """Yield a problem for each link in `templates/` that leads out of the repository.

    What it leads to is not reviewed here, and is another file, or none, on another machine.
    """
    below = (
        f"{os.path.relpath(folder, root)}/{name}"
        for folder, folders, files in os.walk(root / "templates")
        for name in (*folders, *files)
    )
    for path in ("templates", *sorted(below)):
        if _leads_out(root, path):
            message = f"{printable(path)} is a link to a place outside the repository"
            yield Problem(Place(printable(path)), "link-outside", message, "put the file itself there")


def _leads_out(root: Path, *paths: str) -> bool:
    """Tell whether one of the paths is itself a link that leads out of the repository."""
    links = (os.path.realpath(root / path) for path in paths if (root / path).is_symlink())
    return not all(Path(real).is_relative_to(root) for real in links)


def _inside(path: Path, folder: Path) -> bool:
    return path.is_file() and Path(os.path.realpath(path)).is_relative_to(folder)


def _collisions(project: Project) -> Iterator[Problem]:
    """Yield a problem for two environments of one account and region whose stacks could have one name.

    The stack `eu-network` of `prod` is on AWS what `network` of `prod-eu` is: `prod-eu-network`.
    """
    for (one, first), (other, second) in combinations(sorted(project.environments.items()), 2):
        together = (first.account, first.region) == (second.account, second.region)
        if together and second.name.startswith(f"{first.name}-"):
            message = (
                f"environment: stacks of {quoted(second.name)} and of {quoted(first.name)} "
                f"(config/{one}.yaml) could have one name in the same account and region"
            )
            hint = f"rename one, so that none begins with {quoted(first.name + '-')}"
            yield Problem(project.where(other, "environment"), "environment-name", message, hint)
