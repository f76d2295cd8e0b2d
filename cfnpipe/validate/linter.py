"""The door to cfn-lint: what its command does with one file, as a function that can be called again.

What is found is what the `cfn-lint` command prints for the same text and region, with two differences.
Only the repository's own `.cfnlintrc` counts, not the one in the user's home, so that everybody sees the
same. And settings that choose files (`templates`, `ignore_templates`, `deployment_files`, `parameter_files`)
or the form of the output mean nothing here. Rules that `append_rules` names are code of the repository,
trusted as definitions are, and run in this process and its children.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import re
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.errors import BadInput
from cfnpipe.model import Place
from cfnpipe.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from cfnpipe.model import Severity

Subject = tuple[str, str]
"""The text of a template, and the region for which it is linted."""

CRASH = "E0002"
"""cfn-lint's id for a rule that failed; here also for cfn-lint as a whole."""

_FILES = (".cfnlintrc", ".cfnlintrc.yaml", ".cfnlintrc.yml")


@dataclass(frozen=True)
class Match:
    """One thing that cfn-lint found."""

    rule: str
    """cfn-lint's id of the rule: `E3012`."""
    message: str
    """What is wrong, in one line. It may quote the template."""
    pointer: str = ""
    """The JSON Pointer into the template; empty where the template as a whole is meant."""
    severity: Severity = "error"
    """`warning` too for what cfn-lint calls informational, which it shows only if the settings ask for it."""
    line: int = 1
    """The line in the text, from 1."""


def settings_file(root: Path) -> Path:
    """Return the file in the repository that the cfn-lint command would read; it need not be there."""
    files = [root.absolute() / name for name in _FILES]
    return next((file for file in files if file.is_file()), files[0])


def linter(root: Path, regions: Iterable[str], scratch: Path) -> Callable[[Subject], tuple[Match, ...]]:
    """Return a function that lints one subject and does not raise, with cfn-lint's rules built.

    Call it in a process of its own: it changes the working directory. It writes the text to a file below
    `scratch`, because cfn-lint measures a template by its file. Raise `BadInput` for settings that cfn-lint
    does not take.
    """
    settings = settings_file(root)
    with _no_collections():
        from cfnlint.helpers import REGIONS
        from cfnlint.runner import run_template_by_file_path

        rules = _rules(settings, sorted({*regions} & {*REGIONS}))

    def work(subject: Subject) -> tuple[Match, ...]:
        text, region = subject
        if region not in REGIONS:
            return (Match("E0003", f"this version of cfn-lint does not know the region {region}"),)
        file = scratch / f"{os.getpid()}.json"
        try:
            os.chdir(settings.parent)
            file.write_bytes(text.encode())
            config = _config(settings, [region])
            with _log():
                found = list(run_template_by_file_path(str(file), config, rules, config.ignore_bad_template))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - Rules may be the repository's own code.
            return (Match(CRASH, _line(f"cfn-lint did not finish: {type(error).__name__}: {error}")),)
        return tuple(_match(match) for match in sorted(found, key=lambda m: (m.linenumber, m.rule.id)))

    return work


def _rules(settings: Path, regions: list[str]) -> Any:
    """Return cfn-lint's rules; schemas that the settings change are changed for these regions."""
    from cfnlint.runner import Runner

    with chdir(settings.parent), _log() as log:
        try:
            return Runner(_config(settings, regions)).rules
        except (Exception, SystemExit) as error:
            if settings.is_file():
                raise _refused(settings.name, error, log.getvalue()) from error
            raise


def _refused(file: str, error: BaseException, log: str) -> BadInput:
    """Return the error for settings that cfn-lint does not take; where YAML is broken, it knows the place."""
    mark = getattr(error, "problem_mark", None)
    message = log or getattr(error, "problem", None) or str(error) or type(error).__name__
    return BadInput(
        f"cfn-lint does not take these settings: {_line(message)}",
        where=Place(file, mark.line + 1, mark.column + 1) if mark else Place(file),
        hint="the cfn-lint command, run in the repository, reads the same file",
    )


def _config(settings: Path, regions: list[str]) -> Any:
    """Return what the command makes of its options. A settings file that does not exist is an empty one."""
    from cfnlint.config import ConfigMixIn

    return ConfigMixIn(["--config-file", str(settings)], regions=regions, templates=[])


def _match(match: Any) -> Match:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in getattr(match, "path", ()))
    return Match(
        rule=match.rule.id,
        message=_line(match.message),
        pointer="".join(f"/{step}" for step in steps),
        severity="error" if match.rule.severity == "error" else "warning",
        line=match.linenumber,
    )


def _line(text: str) -> str:
    return printable(re.sub(r"\s*\n\s*", " ", text.strip()))


@contextmanager
def _log() -> Iterator[io.StringIO]:
    """Catch what cfn-lint logs, which would otherwise go to standard error."""
    log, logger = io.StringIO(), logging.getLogger("cfnlint")
    handler = logging.StreamHandler(log)
    logger.addHandler(handler)
    try:
        yield log
    finally:
        logger.removeHandler(handler)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector from walking over modules and rules while they are made."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
