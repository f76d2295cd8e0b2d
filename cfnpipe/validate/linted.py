"""What cfn-lint finds, as problems that stand beside cfnpipe's own."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from cfnpipe.model import Place
from cfnpipe.validate.document import entries, read
from cfnpipe.validate.lint import lint
from cfnpipe.validate.own import problem
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cfnpipe.model import Problem, Project
    from cfnpipe.validate.linter import Match
    from cfnpipe.validate.subject import StackView

_SAID_BETTER = {
    "E1002": "template-size",
    "E1003": "description-size",
    "E1050": "dynamic-reference",
    "E2015": "allowed-values allowed-pattern parameter-length parameter-range",
    "E3010": "section-limit",
    "E3703": "unknown-artifact",
    "E6010": "section-limit",
    "W1031": "physical-name",
    "W1032": "physical-name",
    "W2501": "plaintext-secret",
}
"""The own rules whose findings, at the same place or around it, make one of cfn-lint's superfluous."""
_SECRET = ("plaintext-secret", "noecho-default")
"""The own rules that say of a value in the template that it is a secret."""
_ONE_OF = re.compile(r"(?P<wrong>'.*'|\".*\") is not one of (?P<names>\[.*?\])( in \[[^\[\]]*\])?", re.DOTALL)
"""What cfn-lint says of a name that is none of those it knows, with the regions for an attribute."""


def lint_problems(
    project: Project,
    views: Sequence[StackView],
    own: Sequence[Problem],
    *,
    jobs: int | None,
    progress: Callable[[int, int], None],
) -> Iterator[Problem]:
    """Yield what cfn-lint finds in some stacks, apart from what `own` says already.

    Values that `own` calls secrets are masked in cfn-lint's messages too.
    """
    texts = [(view.rendered.template, view.environment.region) for view in views]
    results = lint(texts, root=project.root, jobs=jobs, progress=progress)
    for view, matches in zip(views, results, strict=True):
        said = [each for each in own if matches and each.stack == view.rendered.name]
        secrets = _secrets(view, said)
        yield from (_problem(view, match, secrets) for match in matches if not _said_better(match, said))


def _said_better(match: Match, said: Iterable[Problem]) -> bool:
    rules = _SAID_BETTER.get(match.rule, "").split()
    return any(each.rule in rules and f"{match.pointer}/".startswith(f"{each.pointer}/") for each in said)


def _problem(view: StackView, match: Match, secrets: Sequence[str]) -> Problem:
    message, hint = _shortened(_masked(match.message, secrets))
    finding = Finding(message, match.pointer, hint, severity=match.severity)
    committed = not view.rendered.definition
    where = Place(view.file("template.json"), match.line) if committed else view.place(match.pointer)
    return problem(match.rule, finding, where, view.rendered.name)


def _masked(message: str, secrets: Iterable[str]) -> str:
    """Return the message without the secrets, as they are or as Python shows them."""
    for secret in secrets:
        for form in (secret, repr(secret)[1:-1]):
            message = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "***", message)
    return message


def _shortened(message: str) -> tuple[str, str]:
    """Return message and hint: of a list of all that would be right, the closest one is enough."""
    if (found := _ONE_OF.fullmatch(message)) is None:
        return message, ""
    try:
        wrong, names = ast.literal_eval(found["wrong"]), ast.literal_eval(found["names"])
    except (ValueError, SyntaxError):
        return message, ""
    return f"{quoted(str(wrong))} is not known here", choice(str(wrong), map(str, names))


def _secrets(view: StackView, said: Iterable[Problem]) -> Sequence[str]:
    """Return the values of the stack's template that are secrets in plain text, the longest first."""
    pointers = {each.pointer for each in said if each.rule in _SECRET}
    nodes = dict(read(view.rendered.template).nodes) if pointers else {}
    values = [value for pointer in pointers for value in entries(nodes.get(pointer))]
    return sorted({value for value in values if isinstance(value, str)}, key=len, reverse=True)
