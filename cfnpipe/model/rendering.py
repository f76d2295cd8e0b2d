"""What a definition makes, and what is written of it below `stacks/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cfnpipe.model.problem import Place


@dataclass(frozen=True)
class Template:
    """A CloudFormation template as one definition made it for one environment."""

    definition: str
    """The definition's path in the repository: `templates/network.py`."""
    body: Mapping[str, Any]
    """The template as plain JSON values: dict, list, str, int, float, bool; never null."""
    lines: Mapping[str, Place] = field(default_factory=dict)
    """Where each element was made, by its pointer: `/Resources/Vpc`."""
    output: str = ""
    """What the definition printed, standard output and error together."""


@dataclass(frozen=True)
class RenderedStack:
    """The rendered files of one stack: what is committed below `stacks/<environment>/<stack>/`."""

    environment: str
    stack: str
    template: str
    """The text of `template.json`, canonical (`stacks.canonical`)."""
    configuration: str
    """The text of `configuration.json`: `{"Parameters": {...}, "Tags": {...}}`, every value a string."""
    protection: str | None = None
    """The text of `protection.json`, `{"StackPolicy": {...}, "TerminationProtection": true}`, or None."""
    definition: str = ""
    """The path of the definition it came from."""
    lines: Mapping[str, Place] = field(default_factory=dict)
    """As in `Template.lines`; empty when the files were read from `stacks/`."""

    @property
    def name(self) -> str:
        """`<environment>/<stack>`, as messages show it."""
        return f"{self.environment}/{self.stack}"


@dataclass(frozen=True)
class Change:
    """What becomes of one file below `stacks/`."""

    path: str
    """Relative to the repository: `stacks/production-us/network/template.json`."""
    action: Literal["write", "keep", "remove", "foreign"]
    """`foreign` is a file that `render` neither made nor touches."""
    old: bytes | None = None
    """The file's bytes now; None where there is no file."""
    new: bytes | None = None
    """The bytes that belong there; None where nothing does."""

    @property
    def verb(self) -> str:
        """The action as people are told: `create` for a file that is not there yet."""
        return "create" if self.action == "write" and self.old is None else self.action
