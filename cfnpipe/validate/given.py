"""The value that each parameter of a template gets, from the configuration or as its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.validate import secrecy
from cfnpipe.validate.document import below
from cfnpipe.validate.subject import hidden
from cfnpipe.validate.wording import MASK, scalar
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cfnpipe.model import Place
    from cfnpipe.validate.subject import StackView


@dataclass(frozen=True)
class Given:
    """A declared parameter with its value."""

    name: str
    declared: Mapping[str, Any]
    """The parameter as the template has it."""
    value: str
    where: Place | None
    """The line of the configuration, or None for a default, which stands in the definition."""

    @property
    def type(self) -> str:
        """The parameter's type: `List<AWS::EC2::Subnet::Id>`."""
        kind: str = self.declared["Type"]
        return kind

    @property
    def listed(self) -> bool:
        """Whether commas separate several values in it."""
        return takes_list(self.type)

    @property
    def elements(self) -> Sequence[str]:
        """The elements of a list, without the space around them; else the value itself."""
        return [element.strip() for element in self.value.split(",")] if self.listed else [self.value]

    @property
    def hidden(self) -> bool:
        """Whether the template declares it NoEcho."""
        return hidden(self.declared)

    @property
    def reference(self) -> bool:
        """Whether the value is looked up during deployment, so that it is not known here."""
        return "{{resolve:" in self.value

    @property
    def pointer(self) -> str:
        """Where the template declares it, or its default."""
        pointer = below("/Parameters", self.name)
        return pointer if self.where else f"{pointer}/Default"

    def shown(self, text: str) -> str:
        """Return a part of the value as messages may show it."""
        return MASK if self.hidden or secrecy.named(self.name) or secrecy.token(text) else quoted(text)


def takes_list(kind: str) -> bool:
    """Tell whether a parameter of that type takes several values."""
    inner = kind.removeprefix("AWS::SSM::Parameter::Value<")
    return kind == inner and (kind == "CommaDelimitedList" or kind.startswith("List<"))


def judged(view: StackView) -> Iterator[Given]:
    """Yield every parameter whose value can be compared with what the template declares.

    That leaves out what is looked up during deployment, and a list in the place of one value.
    """
    configured = view.settings.parameters
    for each in given(view):
        if not each.reference and (each.listed or isinstance(configured.get(each.name, ""), str)):
            yield each


def given(view: StackView) -> Iterator[Given]:
    """Yield every parameter of the template that has a value."""
    values = view.configuration.get("Parameters", {})
    for name, declared in view.section("Parameters").items():
        value = values.get(name, scalar(declared.get("Default")))
        if value is not None:
            where = view.configured("parameters", name) if name in values else None
            yield Given(name, declared, value, where)
