from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

from rich.console import Console

from cfnpipe import view
from cfnpipe.errors import BadInput
from cfnpipe.model import Change, Place, Position, Problem, RenderedStack

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


POSITIONS = [
    Position("cfnpipe_sync_production-us", "Sync", "Succeeded", "11111111-6eba"),
    Position("network_production-us", "Deploy", "InProgress", "22222222-6eba", ("owners",), "33333333-6eba"),
    Position("orders_production-us", "Source", "Succeeded", "44444444-6eba", closed="Deploy"),
    Position("service_production-us"),
]
TABLE = """\
  Pipeline                    Stage   Status      Execution  Waits for
  cfnpipe_sync_production-us  Sync    Succeeded   11111111
  network_production-us       Deploy  InProgress  22222222   owners; 33333333 waits behind it
  orders_production-us        Source  Succeeded   44444444   the transition into Deploy
  service_production-us
"""


def test_where_pipelines_are_is_a_table() -> None:
    out = console()
    out.width = 1000
    view.show_positions(out, POSITIONS)
    assert "".join(f"{line.rstrip()}\n" for line in text(out).splitlines()) == TABLE
    assert "\x1b" not in text(out)


def test_a_table_keeps_to_the_width_of_a_terminal() -> None:
    out = console(colour=True)
    out.width = 70
    view.show_positions(out, POSITIONS)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text(out)).splitlines()
    assert {len(line) for line in lines} == {70}
    shown = "".join(line.replace(" ", "") for line in lines)
    for each in POSITIONS:
        assert each.execution[:8] in shown
    assert sum("waits" in line for line in lines) == sum("behind" in line for line in lines) == 1


def test_what_is_no_terminal_has_no_width(capsys: pytest.CaptureFixture[str]) -> None:
    view.show_positions(view.output(), POSITIONS)
    assert "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines()) == TABLE


def test_a_table_has_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Console(file=io.StringIO(), force_terminal=True, width=100)
    view.show_positions(out, POSITIONS)
    assert set(re.findall(r"\x1b\[([0-9;]*)m", text(out))) <= {"0", "1", "2"}
