"""What the tests of cfnpipe's own rules share: stacks at hand, and what is found in them as lines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfnpipe.model import Environment, Place, Problem, Project, RenderedStack, S3Source, Stack
from cfnpipe.validate import own
from cfnpipe.validate.document import walk
from cfnpipe.validate.subject import StackView

TOPIC = {"Type": "AWS::SNS::Topic"}
TEMPLATE = {"Resources": {"Topic": TOPIC}}
"""A template in which no rule finds anything."""
SOURCE = S3Source(provider="s3", bucket="checkouts", key="checkout.zip")


@dataclass(frozen=True)
class Case:
    """One stack: its template, and what the configuration says about it."""

    template: Any = field(default_factory=lambda: TEMPLATE)
    parameters: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    policy: Any = None
    settings: dict[str, Any] = field(default_factory=dict)
    """More fields of the stack in the configuration."""
    earlier: Any = None
    """The committed template, which this one is to replace."""

    def stack(self) -> Stack:
        return Stack(template="made", parameters=self.parameters, tags=self.tags, **self.settings)

    def rendered(self, environment: str, name: str, *, committed: bool = False) -> RenderedStack:
        values = {
            key: value if isinstance(value, str) else ",".join(value)
            for key, value in self.parameters.items()
        }
        protection = None if self.policy is None else json.dumps({"StackPolicy": self.policy})
        pointers = (pointer for pointer, _ in walk(self.template) if pointer.count("/") == 2)
        lines = {pointer: Place("templates/made.py", number) for number, pointer in enumerate(pointers, 10)}
        return RenderedStack(
            environment,
            name,
            json.dumps(self.template),
            json.dumps({"Parameters": values, "Tags": self.tags}),
            protection,
            "" if committed else "templates/made.py",
            {} if committed else lines,
        )


def template(properties: Any = None, /, *, kind: str = "AWS::SNS::Topic", **sections: Any) -> dict[str, Any]:
    """Return a template with one resource, `It`, and other sections."""
    resource = {"Type": kind} if properties is None else {"Type": kind, "Properties": properties}
    return {"Resources": {"It": resource}, **sections}


def case(made: Any = TEMPLATE, /, **said: Any) -> Case:
    """Return a case with a template."""
    return Case(made, **said)


def environment(name: str, stacks: dict[str, Case], **said: Any) -> Environment:
    """Return an environment with stacks, in us-east-1 unless it is said otherwise."""
    settings = {stack: each.stack() for stack, each in stacks.items()}
    return Environment(**{"environment": name, "region": "us-east-1", "stacks": settings, **said})


def project(*environments: Environment, root: Path = Path("/nowhere")) -> Project:
    """Return a project in which every parameter and tag of each stack has a line of its own."""
    places = {}
    for each in environments:
        file = f"config/{each.name}.yaml"
        paths: list[tuple[str, ...]] = [("region",)]
        for name, stack in each.stacks.items():
            inside = ("parameters", "tags", "capabilities", "ignore")
            paths += [("stacks", name), *(("stacks", name, key) for key in inside)]
            paths += [("stacks", name, key, value) for key in inside for value in getattr(stack, key)]
        places |= {(each.name, *path): Place(file, number, 3) for number, path in enumerate(paths, 1)}
    return Project(root=root, environments={each.name: each for each in environments}, places=places)


def problems(*environments: tuple[Environment, dict[str, Case]], committed: bool = False) -> list[Problem]:
    """Return what all of cfnpipe's own rules find in environments with their stacks."""
    made = project(*(each for each, _ in environments))
    views = [
        StackView(
            made,
            each,
            one.rendered(each.name, name, committed=committed),
            None if one.earlier is None else json.dumps(one.earlier).encode(),
        )
        for each, stacks in environments
        for name, one in stacks.items()
    ]
    found = [problem for view in views for problem in own.stack_problems(view)]
    return sorted([*found, *own.environment_problems(made, views)])


def said(problem: Problem) -> str:
    """Return a problem as one line."""
    kind = "" if problem.severity == "error" else f" ({problem.severity})"
    pointer = f" [{problem.pointer}]" if problem.pointer else ""
    hint = f" -- {problem.hint}" if problem.hint else ""
    return f"{problem.where}: {problem.rule}{kind}: {problem.message}{hint}{pointer}"


def found(one: Case, *, name: str = "a", committed: bool = False, **environment_said: Any) -> list[str]:
    """Return as lines what all rules find in one stack of the environment `test`."""
    stacks = {name: one}
    return [
        said(each)
        for each in problems((environment("test", stacks, **environment_said), stacks), committed=committed)
    ]
