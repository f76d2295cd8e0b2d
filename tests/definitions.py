"""Repositories with definitions in them, and what comes of the definitions, as tests look at it."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from cfnpipe.definitions import Built, build
from cfnpipe.model import Environment, Problem, Project, Stack, Template

if TYPE_CHECKING:
    from pathlib import Path

START = "from troposphere import Output, Template\nfrom troposphere.ec2 import VPC\ntemplate = Template()\n"
"""The first three lines of a definition."""


def repository(root: Path, files: dict[str, str], environments: tuple[str, ...] = ("production",)) -> Project:
    """Write `templates/` and return a project in which every definition is used by every environment."""
    (root / "templates").mkdir()
    for name, text in files.items():
        (root / "templates" / f"{name}.py").write_text(dedent(text))
    return project(root, [name for name in files if not name.startswith("_")], environments)


def project(root: Path, names: list[str], environments: tuple[str, ...] = ("production",)) -> Project:
    stacks = {name.lower().replace("_", "-"): Stack(template=name) for name in names}
    kinds = (Environment(environment=name, region="us-east-1", stacks=stacks) for name in environments)
    return Project(root=root, environments={kind.name: kind for kind in kinds}, places={})


def only(root: Path, text: str, **helpers: str) -> Built:
    (built,) = build(repository(root, {"network": text, **helpers}), ["production"])
    return built


def template(built: Built) -> Template:
    assert built.template is not None, shown(built.problems)
    return built.template


def shown(problems: tuple[Problem, ...]) -> str:
    """Return problems as a person reads them."""
    lines = []
    for problem in problems:
        lines.append(f"{problem.where}: {problem.rule}: {problem.message}")
        lines.extend([f"  hint: {problem.hint}"] if problem.hint else [])
        lines.extend(f"  it printed: {line}" for line in problem.printed.splitlines())
    return "\n".join(lines)
