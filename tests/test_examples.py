"""Every example that troposphere's source distribution carries is a definition, unchanged."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from cfn_flip import to_json

from cfnpipe.definitions import Built, build
from tests.definitions import project, shown

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

INSIDE_A_FUNCTION = ("ApplicationELB", "ApplicationLB_FixedActions", "ELBSample", "NetworkLB")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch the archive of the installed version and return a repository with its examples."""
    root = tmp_path_factory.mktemp("examples")
    wanted = f"troposphere=={version('troposphere')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", wanted]
    subprocess.run(pip, cwd=root, check=True)
    (archive,) = root.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(root, filter="data")
    (folder,) = root.glob("troposphere-*/examples")
    folder.rename(root / "templates")
    return root


@pytest.fixture(scope="module")
def results(examples: Path) -> dict[str, Built]:
    names = sorted(file.stem for file in (examples / "templates").glob("*.py"))
    return {built.definition: built for built in build(project(examples, names), ["production"])}


@pytest.fixture(scope="module")
def printed(examples: Path, results: dict[str, Built]) -> dict[str, str]:
    """Return what each example prints when it is run as a script."""

    def run(name: str) -> str:
        script = [sys.executable, "-B", f"templates/{name}.py"]
        return subprocess.run(script, cwd=examples, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor() as pool:
        return dict(zip(results, pool.map(run, results), strict=True))


def test_all_examples_are_there(results: dict[str, Built]):
    assert len(results) >= 85
    assert {name for name, built in results.items() if built.template is None} == set(INSIDE_A_FUNCTION)


def test_examples_make_what_they_print(results: dict[str, Built], printed: dict[str, str]):
    made = {name: built.template.body for name, built in results.items() if built.template}
    assert made == {name: parsed(printed[name]) for name in made}


def parsed(text: str) -> dict[str, object]:
    """Return a template as JSON or YAML, its description without indentation."""
    template = json.loads(text if text.startswith("{") else to_json(text))
    if "Description" in template:
        template["Description"] = inspect.cleandoc(template["Description"])
    return template


@pytest.mark.parametrize("name", INSIDE_A_FUNCTION)
def test_a_template_inside_a_function(name: str, results: dict[str, Built]):
    assert shown(results[name].problems) == (
        f"templates/{name}.py: no-template: there is no Template at module level\n"
        "  hint: write `template = Template()`, or a function `def template(environment)` that returns one"
    )
