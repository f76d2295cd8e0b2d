"""Problems as lines for people, objects for programs, annotations for a pull request."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from cfnpipe.view.changes import count, scope
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from cfnpipe.errors import CfnpipeError
    from cfnpipe.model import Change, Problem, RenderedStack


def show_problems(console: Console, problems: Iterable[Problem]) -> None:
    """Print each problem as `path:line:column: rule: what is wrong`, with details indented below it."""
    for problem in problems:
        console.print(_line(problem))
        for label, text in _details(problem):
            console.print(Text.assemble(("  " + label + ": ", "dim"), plain(text)))


def _line(problem: Problem) -> Text:
    style = "dim" if problem.ignored else {"error": "red", "warning": "yellow"}[problem.severity]
    qualifier = "" if problem.severity == "error" and not problem.ignored else f" ({_state(problem)})"
    return Text.assemble(
        (plain(f"{problem.where}: ") if problem.where.path else "", "bold"),
        (problem.rule + qualifier, style),
        plain(f": {problem.message}"),
    )


def _state(problem: Problem) -> str:
    return "ignored" if problem.ignored else problem.severity


def _details(problem: Problem) -> Iterable[tuple[str, str]]:
    place = " ".join(part for part in (problem.stack, problem.pointer) if part)
    details = [("in", place), ("hint", problem.hint), ("ignored because", problem.ignored)]
    printed = [("it printed", line) for line in problem.printed.splitlines()]
    return ((label, text) for label, text in [*details, *printed] if text)


def show_verdict(
    console: Console, stacks: Sequence[RenderedStack], problems: Sequence[Problem], note: str = ""
) -> None:
    """Print one line that counts what was validated and what was found, with a note at its end."""
    counts = Counter(_state(problem) for problem in problems)
    found = ", ".join(
        f"{counts[state]} ignored" if state == "ignored" else count(counts[state], state)
        for state in ("error", "warning", "ignored")
        if counts[state]
    )
    console.print(f"{scope(stacks)}: {found or 'no problems'}{note}")


def github_annotations(problems: Iterable[Problem]) -> Iterable[str]:
    """Yield a GitHub workflow command for each problem that is not ignored.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    for problem in problems:
        if not problem.ignored:
            where = {"file": problem.where.path, "line": problem.where.line, "col": problem.where.column}
            properties = {key: value for key, value in where.items() if value} | {"title": problem.rule}
            listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
            text = " ".join(part for part in (problem.message, problem.hint and f"({problem.hint})") if part)
            yield f"::{problem.severity} {listed}::{_data(text)}"


def show_stale(console: Console, changes: Iterable[Change]) -> None:
    """Print an annotation for each file that is not as rendered."""
    for change in changes:
        if change.action != "keep":
            text = "not what the definitions make (run: cfnpipe render)"
            console.print(f"::error file={_property(change.path)},title=not-as-rendered::{text}")


def show_error(console: Console, error: CfnpipeError) -> None:
    """Print an error as a problem."""
    show_problems(console, error.problems)


def _data(text: str) -> str:
    return plain(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
