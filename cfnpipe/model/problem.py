"""Something wrong that was found, and the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file of the repository."""

    path: str
    """Relative to the repository, with forward slashes: `config/production-us.yaml`."""
    line: int = 0
    """From 1; 0 where the file as a whole is meant."""
    column: int = 0
    """From 1; 0 where only the line is known."""

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, in words for the person who can fix it."""

    where: Place
    """The line that a person would edit: the definition or the configuration, not the rendered JSON."""
    rule: str
    """The id of the rule that found it: `missing-parameter`, or cfn-lint's `E3012`."""
    message: str
    """What is wrong, in one line, without the value of anything secret."""
    hint: str = ""
    """What to do about it, in one line."""
    pointer: str = ""
    """The JSON Pointer (RFC 6901) into the rendered file: `/Resources/Vpc/Properties/CidrBlock`."""
    stack: str = ""
    """`<environment>/<stack>` where it concerns one stack."""
    severity: Severity = "error"
    """An error stops `render`; a warning is only shown."""
    printed: str = ""
    """The last lines that the definition printed."""
    ignored: str = ""
    """The reason that the configuration gives for ignoring it; it is shown and stops nothing."""

    @property
    def stops(self) -> bool:
        """Tell whether it stands in the way: an error that the configuration does not ignore."""
        return self.severity == "error" and not self.ignored
