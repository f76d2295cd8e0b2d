"""The whole way from config/ and templates/ to stacks/, as a user runs it."""

from __future__ import annotations

import json
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CONFIGURATION, DEFINITION, ROOT

if TYPE_CHECKING:
    from tests.conftest import Repository

FILES = ["stacks/test/network/configuration.json", "stacks/test/network/template.json"]


def test_rendering_writes_what_checking_expects(repository: Repository) -> None:
    missing = repository.run("render", "--check")
    assert missing.code == 1
    assert missing.out.endswith("1 stack in 1 environment: 2 missing\n")
    made = repository.run("render")
    assert (made.code, made.err) == (0, "")
    assert made.out == "".join(f"  + {path}\n" for path in FILES) + "1 stack in 1 environment: 2 created\n"
    assert json.loads(repository.read(FILES[0])) == {"Parameters": {"Zones": "2"}, "Tags": {}}
    assert json.loads(repository.read(FILES[1]))["Description"] == "A small network."
    current = repository.run("render", "--check")
    assert (current.code, current.out) == (0, "1 stack in 1 environment: 2 as rendered\n")


def test_unchanged_files_are_not_touched(repository: Repository) -> None:
    repository.run("render")
    before = {path: (repository.root / path).stat().st_mtime_ns for path in FILES}
    assert repository.run("render").out == "1 stack in 1 environment: 2 unchanged\n"
    assert {path: (repository.root / path).stat().st_mtime_ns for path in FILES} == before


@pytest.mark.parametrize("path", FILES)
def test_one_byte_makes_checking_fail_and_name_the_file(repository: Repository, path: str) -> None:
    repository.run("render")
    content = repository.read(path)
    repository.write(path, content.replace("2", "3", 1))
    result = repository.run("render", "--check")
    assert result.code == 1
    assert f"--- a/{path}\n+++ b/{path}\n" in result.out
    assert result.out.endswith("1 different, 1 as rendered\n")
    assert repository.read(path) != content


def test_line_endings_that_git_changed_are_shown(repository: Repository) -> None:
    repository.run("render")
    repository.write(FILES[0], repository.read(FILES[0]).replace("\n", "\r\n"))
    result = repository.run("render", "--check")
    assert result.code == 1
    assert "-{\\r\n" in result.out


def test_what_the_configuration_no_longer_has_goes_and_what_is_foreign_stays(repository: Repository) -> None:
    repository.write("stacks/test/gone/template.json", "{}\n")
    repository.write("stacks/other/network/protection.json", "{}\n")
    repository.write("stacks/test/network/notes.txt", "mine\n")
    check = repository.run("render", "--check")
    assert check.code == 1
    assert check.out.endswith(
        "  - stacks/other/network/protection.json\n"
        "  - stacks/test/gone/template.json\n"
        f"  + {FILES[0]}\n"
        "  ? stacks/test/network/notes.txt\n"
        f"  + {FILES[1]}\n"
        "1 stack in 1 environment: 2 missing, 2 left over, 1 not made by cfnpipe\n"
    )
    assert repository.run("render").code == 0
    assert sorted(repository.files("stacks")) == [*FILES[:1], "stacks/test/network/notes.txt", *FILES[1:]]
    left = repository.run("render", "--check")
    assert (left.code, left.out.splitlines()[0]) == (1, "  ? stacks/test/network/notes.txt")


def test_one_environment_leaves_the_others_alone(repository: Repository) -> None:
    repository.write("config/second.yaml", CONFIGURATION.replace("test", "second"))
    repository.run("render", "-e", "second")
    assert set(repository.files("stacks")) == {path.replace("test", "second") for path in FILES}


def test_nothing_is_written_when_one_stack_is_wrong(repository: Repository) -> None:
    repository.write("config/test.yaml", CONFIGURATION + "  second: {template: second}\n")
    repository.write("templates/second.py", DEFINITION)
    result = repository.run("render")
    assert result.code == 1
    assert "config/test.yaml:6:3: missing-parameter: " in result.err
    assert not (repository.root / "stacks").exists()


def test_a_template_that_is_too_large_is_not_linted(repository: Repository) -> None:
    """cfn-lint needs minutes for each megabyte, and what is too large must become smaller anyway."""
    body = DEFINITION.replace("10.0.0.0/16", "nonsense")
    repository.write("templates/network.py", body)
    assert "E3" in repository.run("render").err
    repository.write("templates/network.py", body + "template.set_metadata({'a': 'x' * 1_000_000})\n")
    result = repository.run("render")
    assert result.code == 1
    assert [line.split(": ")[1] for line in result.err.splitlines() if not line.startswith(" ")] == [
        "template-size"
    ]


UNSTABLE = {
    "time": "import time\n\nword = str(time.time_ns())\n",
    "random": "import uuid\n\nword = str(uuid.uuid4())\n",
    "hash seed": "word = ','.join({'one', 'two', 'three', 'four', 'five', 'six'})\n",
    "time zone": "import time\n\nword = time.tzname[0]\n",
    "working directory": "import os\n\nword = os.getcwd()\n",
    "user": "import getpass\n\nword = getpass.getuser()\n",
    "home": "from pathlib import Path\n\nword = str(Path.home())\n",
    "host": "import os\n\nword = os.environ.get('HOSTNAME', '')\n",
    "a variable that is set": "import os\n\nword = os.environ.get('BUILD_NUMBER', 'none')\n",
    "all variables": "import os\n\nword = ' '.join(sorted(os.environ))\n",
    "process": "import os\n\nword = str(os.getpid())\n",
}


@pytest.mark.parametrize("kind", UNSTABLE)
def test_a_template_that_differs_the_second_time_is_named_with_its_path(
    repository: Repository, kind: str
) -> None:
    body = DEFINITION.replace("from tropo", UNSTABLE[kind] + "from tropo", 1)
    repository.write("templates/network.py", body + "vpc.Tags = [{'Key': 'Word', 'Value': word}]\n")
    variables = {"BUILD_NUMBER": "7", "USER": "somebody", "HOME": str(repository.root.parent)}
    assert repository.run("render", **variables).code == 0
    result = repository.run("render", "--check", **variables)
    assert result.code == 1
    lines = result.err.splitlines()
    assert lines[0].startswith(
        "templates/network.py: unstable-template: rendered twice, /Resources/Vpc/Properties/Tags/0/Value is "
    )
    assert lines[1:] == [
        "  in: test/network /Resources/Vpc/Properties/Tags/0/Value",
        "  hint: leave out time, random values, environment variables, the working directory and set order",
    ]


def test_a_definition_that_fails_without_a_variable_is_named_with_it(repository: Repository) -> None:
    body = DEFINITION.replace("from tropo", "import os\n\nword = os.environ['STAGE']\nfrom tropo", 1)
    repository.write("templates/network.py", body)
    assert repository.run("render", STAGE="live").code == 0
    result = repository.run("render", "--check", STAGE="live")
    assert result.code == 1
    assert result.err == (
        "templates/network.py:5: unstable-template: rendered twice, it failed the second time:"
        " KeyError: 'STAGE'\n"
        "  hint: leave out time, random values, environment variables, the working directory and set order\n"
    )


def test_what_programs_need_to_run_is_there_both_times(repository: Repository) -> None:
    """A definition may run a program, find what a proxy leads to, and read text in the user's language."""
    kept = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "https_proxy": "http://127.0.0.1:9"}
    word = "import os, subprocess\n\nsubprocess.run(['true'], check=True)\n"
    word += f"word = ' '.join(os.environ[name] for name in {list(kept)})\n"
    body = DEFINITION.replace("from tropo", word + "from tropo", 1)
    repository.write("templates/network.py", body + "vpc.Tags = [{'Key': 'Word', 'Value': word}]\n")
    assert repository.run("render", **kept).code == 0
    result = repository.run("render", "--check", **kept)
    assert (result.code, result.err) == (0, "")


WRITES = """
from pathlib import Path
cache = Path(__file__).with_name("cache.json")
if not cache.exists():
    cache.write_text("{}")
"""


def test_checking_names_what_a_definition_writes_into_the_repository(repository: Repository) -> None:
    repository.write("templates/network.py", DEFINITION + WRITES)
    assert repository.run("render").code == 0
    (repository.root / "templates/cache.json").unlink()
    result = repository.run("render", "--check")
    assert result.code == 1
    assert result.err == (
        "templates/cache.json: definition-writes: it was written while the definitions ran\n"
        "  hint: a definition only reads; if another program has written it, check again\n"
    )
    assert repository.run("render", "--check").code == 0


def test_what_another_program_may_have_written_is_a_warning(repository: Repository) -> None:
    log = "from pathlib import Path\n\n(Path(__file__).parents[1] / 'build.log').write_text('1')\n"
    repository.write("templates/network.py", DEFINITION + log)
    assert repository.run("render").code == 0
    result = repository.run("render", "--check")
    assert result.code == 0
    assert result.err == (
        "build.log: definition-writes (warning): it was written while the definitions ran\n"
        "  hint: a definition only reads; if another program has written it, check again\n"
    )


def test_what_git_ignores_may_be_written(repository: Repository) -> None:
    subprocess.run(["git", "init", "--quiet", repository.root], check=True)
    repository.write(".gitignore", "cache.json\n")
    repository.write("templates/network.py", DEFINITION + WRITES)
    repository.run("render")
    (repository.root / "templates/cache.json").unlink()
    result = repository.run("render", "--check")
    assert (result.code, result.err) == (0, "")
    assert (repository.root / "templates/cache.json").exists()


def test_installed_versions_that_differ_are_named_first(repository: Repository) -> None:
    repository.write("requirements.lock", "troposphere==1.0 \\\n    --hash=sha256:0\nabsent==2\n")
    result = repository.run("render", "--check")
    assert result.code == 1
    first, _, second, *_ = result.err.splitlines()
    assert first.startswith(
        "requirements.lock: version-differs (warning): troposphere is locked at 1.0, but "
    )
    assert second == (
        "requirements.lock: version-differs (warning): absent is locked at 2, but it is not installed"
    )
    repository.run("render")
    assert (repository.run("render", "--check").code, repository.run("render", "--check").err) == (0, "")


def test_results_for_programs(repository: Repository) -> None:
    made = json.loads(repository.run("render", "--json").out)
    assert made == {
        "files": [{"action": "create", "path": path} for path in FILES],
        "problems": [],
        "written": True,
    }
    repository.write("templates/network.py", DEFINITION.replace("CidrBlock", "Cidr"))
    result = repository.run("render", "--check", "--format", "github")
    assert result.code == 2
    assert result.out == (
        "::error file=templates/network.py,line=8,title=unknown-property::"
        "VPC has no property 'Cidr' (did you mean 'CidrBlock'?)\n"
    )


def test_bytecode_beside_a_definition_is_not_run(repository: Repository) -> None:
    repository.write("templates/_helper.py", "cidr = '10.9.0.0/16'\n")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(repository.root / "templates/_helper.py"), invalidation_mode=mode, doraise=True)
    repository.write("templates/_helper.py", "cidr = '10.8.0.0/16'\n")
    body = DEFINITION.replace("from tropo", "from _helper import cidr\nfrom tropo", 1)
    repository.write("templates/network.py", body.replace('"10.0.0.0/16"', "cidr"))
    assert repository.run("render").code == 0
    assert "10.8.0.0/16" in repository.read(FILES[1])


def test_optimisation_of_python_takes_no_description(repository: Repository) -> None:
    assert repository.run("render", PYTHONOPTIMIZE="2").code == 0
    assert json.loads(repository.read(FILES[1]))["Description"] == "A small network."


def test_a_refused_secret_is_not_shown_by_the_diff(repository: Repository) -> None:
    body = DEFINITION + "template.set_metadata({'DbPassword': 'hunter2hunter2'})\n"
    repository.write("templates/network.py", body)
    result = repository.run("render", "--check")
    assert "plaintext-secret" in result.err
    assert "hunter2hunter2" not in result.out + result.err


def test_diff_shows_what_rendering_changes(repository: Repository) -> None:
    repository.run("render")
    repository.write("config/test.yaml", CONFIGURATION.replace("Zones: 2", "Zones: 3"))
    result = repository.run("render", "--diff")
    assert result.code == 0
    assert '-    "Zones": "2"\n+    "Zones": "3"\n' in result.out


def test_an_ignored_rule_is_shown_with_its_reason_and_stops_nothing(repository: Repository) -> None:
    repository.write("templates/network.py", DEFINITION + "vpc.Tags = [{'Key': 'a', 'Value': None}]\n")
    repository.write("templates/network.py", DEFINITION + "template.set_transform('Mine')\n")
    capability = "    capabilities: [CAPABILITY_AUTO_EXPAND]\n"
    repository.write("config/test.yaml", CONFIGURATION + capability + "    ignore: {transform: reviewed}\n")
    result = repository.run("render")
    assert result.code == 0, result.err
    assert "templates/network.py: transform (ignored): " in result.err
    assert "  ignored because: reviewed\n" in result.err


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom cfnpipe.cli import main\n"
        "for name in (None, *main.commands):\n"
        "    assert CliRunner().invoke(main, [*filter(None, [name]), '--help']).exit_code == 0\n"
        "heavy = {'boto3', 'botocore', 'cfnlint', 'troposphere', 'pydantic', 'rich', 'yaml'}\n"
        "print(heavy & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("environment", "region"),
    [("production-us", "us-east-1"), ("production-eu", "eu-west-1"), ("development", "us-east-1")],
)
def test_the_example_is_clean_for_the_cfn_lint_command(environment: str, region: str) -> None:
    files = sorted(str(path) for path in ROOT.glob(f"stacks/{environment}/*/template.json"))
    assert files
    cfn_lint = Path(sys.executable).with_name("cfn-lint")
    command = [cfn_lint, "--regions", region, "--template", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_example_is_rendered(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cfnpipe", "render", "--check"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "15 stacks in 3 environments: 42 as rendered\n"), done.stderr


def test_definitions_are_not_told_the_credentials(repository: Repository) -> None:
    asking = DEFINITION.replace("Description=__doc__", 'Description=os.environ.get("AWS_ACCESS_KEY_ID", "-")')
    repository.write(
        "templates/network.py",
        asking.replace("from troposphere import", "import os\n\nfrom troposphere import", 1),
    )
    done = repository.run("render", AWS_ACCESS_KEY_ID="AKIA", AWS_PROFILE="production-admin")
    assert done.code == 0, done.err
    assert json.loads(repository.read("stacks/test/network/template.json"))["Description"] == "-"
