"""`#{Namespace.Variable}` in an action's configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


class UnknownVariable(Exception):
    """A reference to a variable that no action before has set."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"unknown variable {reference}")
        self.reference = reference


def resolve(configuration: Mapping[str, str], known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return a configuration with the values of its variables, by namespace and name.

    A value is put in once: what looks like a reference in it stays. Raise `UnknownVariable`.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return known[match[1]][match[2]]
        except KeyError:
            raise UnknownVariable(match[0]) from None

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}
