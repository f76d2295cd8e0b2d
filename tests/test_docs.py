"""The documents say what the tool does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from cfnpipe.cli import main
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import Golden

COMMANDS = ROOT / "docs/commands"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    assert {path.stem for path in COMMANDS.glob("*.md")} == set(main.commands)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_page_of_a_command_shows_its_help(name: str, golden: Golden) -> None:
    shown = CliRunner().invoke(main, [name, "--help"], prog_name="cfnpipe", terminal_width=100)
    assert shown.exit_code == 0
    page = COMMANDS / f"{name}.md"
    command = f"```console\n$ cfnpipe {name} --help\n"
    before, fence, after = page.read_text("utf-8").partition(command)
    assert fence, f"{page} shows no help"
    golden.check(page, before + command + shown.output + "```" + after.partition("```")[2])


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_option_has_help(name: str) -> None:
    options = [parameter for parameter in main.commands[name].params if isinstance(parameter, click.Option)]
    assert [option.opts for option in options if not option.help] == []


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_readme_lists_every_command(name: str) -> None:
    assert f"(docs/commands/{name}.md)" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: object) -> None:
    assert isinstance(path, type(ROOT))
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_can_be_found_from_the_readme(path: object) -> None:
    everything = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert isinstance(path, type(ROOT))
    assert path.name == "README.md" or f"{path.name})" in everything
