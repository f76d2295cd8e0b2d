from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from rich.console import Console

from cfnpipe import view
from cfnpipe.errors import BadInput
from cfnpipe.model import Change, Place, Problem, RenderedStack

if TYPE_CHECKING:
    import pytest

PROBLEM = Problem(
    where=Place("templates/network.py", 9),
    rule="unknown-property",
    message="VPC has no property 'Cidr'",
    hint="did you mean 'CidrBlock'?",
    pointer="/Resources/Vpc",
    stack="test/network",
)
WARNING = Problem(Place("config/test.yaml", 3, 5), "unused-ignore", "nothing to ignore", severity="warning")
IGNORED = Problem(Place("config/test.yaml"), "E3012", "wrong type", ignored="the schema is behind")


def console(*, colour: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=colour,
        color_system="standard" if colour else None,
        soft_wrap=True,
        highlight=False,
        width=20,
    )


def text(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


def test_problems_are_lines_that_editors_can_follow() -> None:
    out = console()
    view.show_problems(out, [PROBLEM, WARNING, IGNORED])
    assert text(out) == (
        "templates/network.py:9: unknown-property: VPC has no property 'Cidr'\n"
        "  in: test/network /Resources/Vpc\n"
        "  hint: did you mean 'CidrBlock'?\n"
        "config/test.yaml:3:5: unused-ignore (warning): nothing to ignore\n"
        "config/test.yaml: E3012 (ignored): wrong type\n"
        "  ignored because: the schema is behind\n"
    )


def test_colour_changes_no_word() -> None:
    coloured, plain = console(colour=True), console()
    for out in (coloured, plain):
        view.show_problems(out, [PROBLEM, WARNING, IGNORED])
    assert "\x1b[" in text(coloured)
    assert Console(file=io.StringIO()).render_str(text(plain)).plain == text(plain)


def test_no_control_character_reaches_the_terminal() -> None:
    out = console()
    view.show_problems(out, [Problem(Place("a\x1b[2J"), "rule", "red\x1b[31m\u202e\x07")])
    assert text(out) == "a\ufffd[2J: rule: red\ufffd[31m\ufffd\ufffd\n"
    files = console()
    view.show_changes(files, [Change("stacks/a\n::error::x", "foreign", b"", None)])
    assert text(files) == "  ? stacks/a\ufffd::error::x\n"


def test_an_error_looks_like_a_problem() -> None:
    out = console()
    view.show_error(out, BadInput("not UTF-8", where=Place("config/test.yaml", 2), hint="save it as UTF-8"))
    view.show_error(out, BadInput("there is no environment 'x'"))
    assert text(out) == (
        "config/test.yaml:2: error: not UTF-8\n  hint: save it as UTF-8\nerror: there is no environment 'x'\n"
    )


def test_annotations_escape_what_github_reads() -> None:
    hard = Problem(
        Place("templates/a,b:c.py", 1, 2), "rule", "50%\nmore", hint="do: this", severity="warning"
    )
    assert list(view.github_annotations([PROBLEM, hard, IGNORED])) == [
        (
            "::error file=templates/network.py,line=9,title=unknown-property::"
            "VPC has no property 'Cidr' (did you mean 'CidrBlock'?)"
        ),
        "::warning file=templates/a%2Cb%3Ac.py,line=1,col=2,title=rule::50%25%0Amore (do: this)",
    ]


def test_documents_are_stable_json() -> None:
    out = console()
    view.show_json(
        out, view.document.rendering([WARNING], [Change("stacks/a", "write", None, b"new")], written=True)
    )
    assert json.loads(text(out)) == {
        "files": [{"action": "create", "path": "stacks/a"}],
        "problems": [
            {
                "path": "config/test.yaml",
                "line": 3,
                "column": 5,
                "rule": "unused-ignore",
                "message": "nothing to ignore",
                "hint": "",
                "pointer": "",
                "stack": "",
                "severity": "warning",
                "printed": "",
                "ignored": "",
            }
        ],
        "written": True,
    }


CHANGES = [
    Change("stacks/a/one", "write", b"a\nb\n", b"a\nc\n"),
    Change("stacks/a/new", "write", None, b"x\n"),
    Change("stacks/a/old", "remove", b"y\r\n", None),
    Change("stacks/a/same", "keep", b"z", b"z"),
    Change("stacks/a/other", "foreign", b"o", None),
]


def test_diffs_show_what_an_editor_would_hide() -> None:
    out = console()
    view.show_diffs(out, [*CHANGES, Change("stacks/a/end", "write", b"x", b"x\n")])
    assert text(out) == (
        "--- a/stacks/a/one\n+++ b/stacks/a/one\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        "--- /dev/null\n+++ b/stacks/a/new\n@@ -0,0 +1 @@\n+x\n"
        "--- a/stacks/a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-y\\r\n"
        "--- a/stacks/a/end\n+++ b/stacks/a/end\n@@ -1 +1 @@\n-x\\ no newline at the end\n+x\n"
    )


def test_changes_are_told_apart_without_colour() -> None:
    out = console()
    view.show_changes(out, CHANGES)
    assert text(out) == "  ~ stacks/a/one\n  + stacks/a/new\n  - stacks/a/old\n  ? stacks/a/other\n"


def test_the_summary_counts() -> None:
    out = console()
    rendered = [RenderedStack("a", "one", "", ""), RenderedStack("b", "one", "", "")]
    view.show_summary(out, rendered, CHANGES, written=True)
    view.show_summary(out, rendered[:1], CHANGES, written=False)
    view.show_summary(out, [], [], written=True)
    assert text(out) == (
        "2 stacks in 2 environments: 1 created, 1 changed, 1 removed, 1 unchanged, 1 not made by cfnpipe\n"
        "1 stack in 1 environment: "
        "1 missing, 1 different, 1 left over, 1 as rendered, 1 not made by cfnpipe\n"
        "0 stacks in 0 environments: no files\n"
    )


def test_the_verdict_counts() -> None:
    out = console()
    view.show_verdict(out, [RenderedStack("a", "one", "", "")], [PROBLEM, WARNING, IGNORED])
    view.show_verdict(out, [RenderedStack("a", "one", "", "")], [])
    assert text(out) == (
        "1 stack in 1 environment: 1 error, 1 warning, 1 ignored\n1 stack in 1 environment: no problems\n"
    )


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with view.progress() as advance:
        advance("Rendering", 1, 2)
    assert capsys.readouterr() == ("", "")
