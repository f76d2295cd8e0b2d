"""What is asked of this room, and what comes out of it."""

from __future__ import annotations

import os
import site
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cfnpipe.model import Problem, Template


def _own() -> Mapping[str, str]:
    """Return the command's variables without those of AWS, whose credentials are no definition's business."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("AWS_")}


@dataclass(frozen=True)
class Surroundings:
    """What must not matter to a definition."""

    hash_seed: int = 0
    """Decides the order in which sets of strings are walked."""
    timezone: str = "UTC"
    """The local time zone."""
    directory: Path | None = None
    """The current directory; default: the repository's root."""
    variables: Mapping[str, str] = field(default_factory=_own)
    """The environment variables; default: the command's, without those of AWS."""


USUAL = Surroundings()
"""Those in which what is committed is rendered."""

_NEEDED = (
    *("PATH", "LD_", "DYLD_", "PYTHON", "NIX_"),  # to find programs and libraries
    *("LANG", "LC_", "TMPDIR", "SYSTEMROOT"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE"),
)
"""How the names of variables begin, in any case, without which programs may not run."""


def elsewhere(directory: Path) -> Surroundings:
    """Return surroundings in which all that must not matter is different: somebody else's, on a new machine.

    `directory`: an empty folder, which is the working directory and the home. Of the command's
    environment variables only those are left that programs need to run.
    """
    variables = {name: value for name, value in os.environ.items() if name.upper().startswith(_NEEDED)}
    stranger = dict.fromkeys(("USER", "LOGNAME", "USERNAME", "LNAME"), "stranger")
    machine = dict.fromkeys(("HOSTNAME", "HOST", "COMPUTERNAME"), "elsewhere")
    added = {"HOME": str(directory), "PYTHONUSERBASE": site.getuserbase(), "CFNPIPE_SECOND_RENDERING": "1"}
    return Surroundings(1, "Pacific/Apia", directory, {**variables, **stranger, **machine, **added})


@dataclass(frozen=True)
class Built:
    """What one definition made for one environment."""

    environment: str
    """The environment's name."""
    definition: str
    """The definition's name, as in `Stack.template`."""
    template: Template | None
    """None where there are problems."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the definition, at the engineers' own lines."""
