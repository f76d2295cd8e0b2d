"""What a rule sees, and what it says.

A rule is a function with a docstring. Its id is its name with hyphens: `missing_parameter` finds
`missing-parameter`. It takes one stack, or one environment with all its stacks, and yields findings;
problems are made of them, with the id, the stack and the place in the file to edit.

Rules see only what `shape` lets through: the sections of a template are objects, resources and
parameters are objects with a `Type`, `Properties` are an object, and all values of a configuration are
strings. Anything deeper may be any JSON value: `document.at` reaches it safely.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cfnpipe import names
from cfnpipe.model import INIT_STACKS, Place, Stack
from cfnpipe.validate import document
from cfnpipe.validate.document import at, below
from cfnpipe.validate.resolve import resolved
from cfnpipe.validate.wording import scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cfnpipe.model import Environment, Project, RenderedStack, Severity


@dataclass(frozen=True)
class Finding:
    """What a rule found, before it is known where that stands in a file."""

    message: str
    """What is wrong, in one line."""
    pointer: str = ""
    """The JSON Pointer into `template.json`: `/Resources/Vpc/Properties/CidrBlock`."""
    hint: str = ""
    """What to do about it, in one line."""
    where: Place | None = None
    """The place, if it is not where the pointer's element was made: a line of the configuration."""
    severity: Severity = "error"
    stack: str = ""
    """The stack's name, where a rule over an environment means one stack."""


@dataclass(frozen=True)
class Shared:
    """One export or import of a stack."""

    pointer: str
    """Where the template says it."""
    name: str | None
    """The name that is shared, or None if it is known only during deployment."""
    condition: str = ""
    """The condition under which an output is made."""


@dataclass(frozen=True)
class StackView:
    """One stack as rules see it: its rendered files parsed, beside its configuration."""

    project: Project
    environment: Environment
    rendered: RenderedStack
    earlier: bytes | None = None
    """The committed `template.json`, which the rendered one is to replace."""

    @property
    def name(self) -> str:
        """The stack's name in the configuration."""
        return self.rendered.stack

    @cached_property
    def settings(self) -> Stack:
        """What the configuration says about the stack; init stacks may be left out there."""
        return self.environment.stacks.get(self.name) or Stack()

    @property
    def init(self) -> bool:
        """Whether it is one of the stacks that cfnpipe itself makes."""
        return self.environment.source is not None and self.name in INIT_STACKS

    @property
    def document(self) -> document.Document:
        """`template.json` with an index of what is in it."""
        return document.read(self.rendered.template)

    @property
    def template(self) -> Mapping[str, Any]:
        """`template.json`, parsed."""
        template: Mapping[str, Any] = self.document.value
        return template

    @property
    def configuration(self) -> Mapping[str, Any]:
        """`configuration.json`, parsed."""
        configuration: Mapping[str, Any] = document.read(self.rendered.configuration).value
        return configuration

    @property
    def protection(self) -> Mapping[str, Any] | None:
        """`protection.json`, parsed; None without one."""
        text = self.rendered.protection
        return None if text is None else document.read(text).value

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the template without what a transform would fill in; empty if not there."""
        section = self.template.get(name, {})
        return {key: value for key, value in section.items() if not key.startswith("Fn::")}

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of its resources; known without reading the template once more."""
        return frozenset(resource["Type"] for resource in self.section("Resources").values())

    def resources(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield logical id and resource, in the template's order; of the given types, if any are given."""
        if not types or not self.types.isdisjoint(types):
            for logical_id, resource in self.section("Resources").items():
                if not types or resource["Type"] in types:
                    yield logical_id, resource

    def calls(self, function: str) -> Sequence[tuple[str, Any]]:
        """Return pointer and argument of each use of an intrinsic function: `Fn::ImportValue`."""
        return self.document.calls.get(function, ())

    def resolved(self, value: Any) -> str | None:
        """Return the text that a value will be, or None if it is known only during deployment."""
        return resolved(value, self.known, self.template.get("Mappings"))

    @cached_property
    def known(self) -> Mapping[str, str]:
        """What `Ref` says of parameters and pseudo parameters, as far as the configuration tells.

        An unknown account stands for itself: it is the same one in the whole environment. What is hidden
        is left out, because what is known here appears in messages.
        """
        environment = self.environment
        known = {
            "AWS::AccountId": environment.account or "${AWS::AccountId}",
            "AWS::Region": environment.region,
            "AWS::StackName": names.cloudformation_stack(environment.name, self.name),
        }
        given = self.configuration.get("Parameters", {})
        for name, declared in self.section("Parameters").items():
            value = given.get(name, scalar(declared.get("Default")))
            looked_up = declared["Type"].startswith("AWS::SSM::Parameter::Value<")
            if value is not None and not looked_up and not hidden(declared):
                known[name] = value
        return known

    @cached_property
    def exports(self) -> Sequence[Shared]:
        """What the stack exports."""
        return tuple(
            Shared(
                pointer=below("/Outputs", name, "Export", "Name"),
                name=self.resolved(at(output, "Export", "Name")),
                condition=scalar(output.get("Condition")) or "",
            )
            for name, output in self.section("Outputs").items()
            if at(output, "Export", "Name") is not None
        )

    @cached_property
    def imports(self) -> Sequence[Shared]:
        """What the stack imports."""
        return tuple(
            Shared(pointer, self.resolved(argument)) for pointer, argument in self.calls("Fn::ImportValue")
        )

    def configured(self, *keys: str) -> Place:
        """Return the place in the configuration of one of the stack's values."""
        return self.project.where(self.environment.name, "stacks", self.name, *keys)

    def policy_place(self) -> Place:
        """Return the place of the stack policy: the file below config/, or else the rendered one."""
        protection = self.settings.protection
        named = protection and protection.policy
        return Place(f"config/{named}" if named else self.file("protection.json"))

    def file(self, name: str) -> str:
        """Return the path of one of its rendered files: `stacks/production-us/network/template.json`."""
        return f"stacks/{self.rendered.name}/{name}"

    def place(self, pointer: str) -> Place:
        """Return where the element at `pointer`, or the nearest one around it, was made."""
        while pointer and pointer not in self.rendered.lines:
            pointer = pointer.rpartition("/")[0]
        file = self.rendered.definition or self.file("template.json")
        return self.rendered.lines.get(pointer, Place(file))


def hidden(declared: Mapping[str, Any]) -> bool:
    """Tell whether a parameter is declared NoEcho, which keeps AWS from showing its value."""
    return scalar(declared.get("NoEcho")) in ("true", "True")


@dataclass(frozen=True)
class EnvironmentView:
    """One environment as rules see it."""

    project: Project
    environment: Environment
    stacks: Mapping[str, StackView]
    """By name, sorted; those that could be read."""
    beside: Mapping[str, Mapping[str, StackView]]
    """The stacks of the other environments of the same account and region, by environment."""

    @property
    def complete(self) -> bool:
        """Whether all of its stacks are at hand, apart from those that are to be deleted."""
        wanted = {name for name, stack in self.environment.stacks.items() if not stack.retire}
        return wanted <= set(self.stacks)

    def where(self, *keys: str) -> Place:
        """Return the place in the configuration of one of the environment's values."""
        return self.project.where(self.environment.name, *keys)


if TYPE_CHECKING:
    StackRule = Callable[[StackView], Iterator[Finding]]
    EnvironmentRule = Callable[[EnvironmentView], Iterator[Finding]]
