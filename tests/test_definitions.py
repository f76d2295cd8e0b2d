"""Definitions are run for real: every case is a file below `templates/` of a repository made for it.

`data/definitions/*.txt` hold the cases: a title, a definition, and what comes of it, in which FILE stands
for the definition's path.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cfnpipe.definitions import Built, Surroundings, build, first_difference
from tests.conftest import ROOT
from tests.definitions import START, only, repository, shown, template

DATA = Path(__file__).parent / "data" / "definitions"


def cases(name: str) -> dict[str, tuple[str, str]]:
    """Return `{title: (definition, what comes of it)}`."""
    sections = re.split(r"^##### ", (DATA / f"{name}.txt").read_text(), flags=re.MULTILINE)[1:]
    parts = (re.fullmatch(r"(.*?)\n(.*\n)-----\n(.*?)\n*", section, re.DOTALL) for section in sections)
    return {part[1]: (part[2], part[3]) for part in parts if part}


def slug(title: str) -> str:
    return re.sub(r"\W+", "_", title).strip("_").lower()


TEMPLATES = cases("templates") | cases("harmless")
PROBLEMS = cases("mistakes") | cases("ends")
HELPERS = {
    "_shared": "from troposphere import Template\nt = Template('shared')\n",
    "_syntax": "x = \n",
    "_random": "zones = 2\n",
    "_failing": """\
        from troposphere.ec2 import VPC, Subnet
        def fail():
            VPC('Vpc', Cidr='')
        def add(template):
            template.add_resource(Subnet('Subnet'))
        """,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("repository")


@pytest.fixture(scope="module")
def results(root: Path) -> dict[str, Built]:
    """Run every case, one beside the other."""
    files = {slug(title): text for title, (text, _) in (TEMPLATES | PROBLEMS).items()}
    return {built.definition: built for built in build(repository(root, files | HELPERS), ["production"])}


@pytest.mark.parametrize("title", TEMPLATES)
def test_template(title: str, results: dict[str, Built]):
    assert template(results[slug(title)]).body == json.loads(TEMPLATES[title][1])


@pytest.mark.parametrize("title", PROBLEMS)
def test_problems(title: str, results: dict[str, Built]):
    built, (_, expected) = results[slug(title)], PROBLEMS[title]
    assert shown(built.problems) == expected.replace("FILE", f"templates/{built.definition}.py")
    assert built.template is None


def test_output_is_kept_and_cut(results: dict[str, Built]):
    assert template(results["a_flood_of_output"]).output == "x" * 65536
    assert template(results["written_to_file_1"]).output == "{}"
    assert template(results["bytes_that_are_no_text"]).output == "\ufffd\ufffd"
    assert template(results["warnings"]).output.endswith("UserWarning: careful\n  warnings.warn('careful')\n")


def test_only_the_cases_themselves_write_files(root: Path, results: dict[str, Built]):
    assert {path.name for path in root.iterdir()} == {"templates", "written"}
    assert not (root / "written").read_text()
    assert {path.suffix for path in (root / "templates").iterdir()} == {".py"}
    assert len(results) == len(TEMPLATES | PROBLEMS)


def test_objections_carry_their_pointer(results: dict[str, Built]):
    (problem,) = results[slug("a dict that contains itself")].problems
    assert problem.pointer == "/Resources/Vpc/Metadata/a/0"


def test_a_long_text(tmp_path: Path):
    built = only(tmp_path, "raise ValueError('x' * 1000)\n")
    expected = f"templates/network.py:1: definition-error: ValueError: {'x' * 387}…"
    assert shown(built.problems) == expected


def test_lines_are_those_that_made_the_parts(tmp_path: Path):
    built = only(
        tmp_path,
        """\
        from troposphere import Equals, Output, Parameter, Ref, Template
        from troposphere.ec2 import VPC
        from _subnets import add_subnets

        template = Template()
        kind = template.add_parameter(Parameter("Kind", Type="String"))
        template.add_condition("IsBig", Equals(Ref(kind), "big"))
        template.add_mapping("a/b~c", {"x": {"y": "z"}})
        vpc = VPC(
            "Vpc",
            CidrBlock="10.0.0.0/16",
        )
        template.add_resource(vpc)
        add_subnets(template)
        template.resources["Plain"] = {"Type": "AWS::SNS::Topic"}
        template.add_output(Output("VpcId", Value=Ref(vpc)))
        """,
        _subnets="""\
        from troposphere.ec2 import Subnet

        def add_subnets(template):
            template.add_resource(Subnet("Subnet", VpcId="vpc-1"))
        """,
    )
    assert {pointer: str(place) for pointer, place in template(built).lines.items()} == {
        "/Parameters/Kind": "templates/network.py:6",
        "/Conditions/IsBig": "templates/network.py:7",
        "/Mappings/a~1b~0c": "templates/network.py:8",
        "/Resources/Vpc": "templates/network.py:9",
        "/Resources/Subnet": "templates/_subnets.py:4",
        "/Outputs/VpcId": "templates/network.py:16",
    }
    assert template(built).definition == "templates/network.py"


def test_a_file_that_is_not_utf8(tmp_path: Path):
    made = repository(tmp_path, {"network": ""})
    (tmp_path / "templates" / "network.py").write_bytes(b"x = 1\ny = '\xe9'\n")
    (built,) = build(made, ["production"])
    (problem,) = built.problems
    assert problem.where.path == "templates/network.py"
    assert problem.where.line == 2
    assert (problem.rule, problem.hint) == ("definition-syntax", "save the file as UTF-8")


def test_a_definition_that_has_gone(tmp_path: Path):
    made = repository(tmp_path, {"network": START})
    (tmp_path / "templates" / "network.py").unlink()
    (built,) = build(made, ["production"])
    assert shown(built.problems) == (
        f"templates/network.py: missing-file: there is no file '{tmp_path}/templates/network.py'"
    )


def test_a_definition_runs_once_for_all_environments_unless_it_asks_for_one(tmp_path: Path):
    count = (
        "from pathlib import Path\nwith Path(f'{__file__}.runs').open('a') as file:\n    file.write('x')\n"
    )
    files = {
        "shared": START + count,
        "own": count + "from troposphere import Template\nseen = []\ndef template(environment):\n"
        "    seen.append(environment.name)\n    return Template(','.join(seen))\n",
        "failing": count + "raise ValueError\n",
    }
    made = repository(tmp_path, files, ("b", "a", "c"))
    results = list(build(made, ["b", "a", "b"]))
    assert [(one.environment, one.definition) for one in results] == [
        (environment, definition) for environment in ("a", "b") for definition in ("failing", "own", "shared")
    ]
    assert template(results[1]).body["Description"] == "a"
    assert template(results[4]).body["Description"] == "b"
    assert results[0].problems == results[3].problems
    runs = {name: len((tmp_path / "templates" / f"{name}.py.runs").read_text()) for name in files}
    assert runs == {"shared": 1, "own": 2, "failing": 1}


def test_no_definition_shadows_a_library(tmp_path: Path):
    text = START + (
        "import json, queue, secrets\nqueue.Queue(), secrets.token_hex(), json.dumps\n"
        "import dataclasses\n@dataclasses.dataclass\nclass Zone:\n    name: 'str'\n"
    )
    names = ["json", "queue", "secrets", "troposphere", "random", "my-network"]
    for built in build(repository(tmp_path, dict.fromkeys(names, text)), ["production"]):
        assert template(built).body == {"Resources": {}}


def test_surroundings(tmp_path: Path):
    text = START + (
        "import os, time\ntemplate.metadata = {'order': list({'a', 'b', 'c', 'd'}), 'zone': time.tzname[0],\n"
        "    'directory': os.getcwd(), 'encoding': open(__file__).encoding}\n"
    )
    made = repository(tmp_path, {"network": text})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (usual,) = build(made, ["production"])
    (again,) = build(made, ["production"])
    odd = [
        next(build(made, ["production"], surroundings=Surroundings(seed, "Asia/Tokyo", elsewhere)))
        for seed in (1, 2, 3)
    ]
    assert template(usual).body == template(again).body
    assert template(usual).body["Metadata"]["directory"] == str(tmp_path)
    assert (template(usual).body["Metadata"]["zone"], template(odd[0]).body["Metadata"]["zone"]) == (
        "UTC",
        "JST",
    )
    assert template(odd[0]).body["Metadata"]["directory"] == str(elsewhere)
    assert template(odd[0]).body["Metadata"]["encoding"] == "utf-8"
    assert len({str(template(one).body["Metadata"]["order"]) for one in [usual, *odd]}) > 1


def test_an_unstable_definition(tmp_path: Path):
    text = START + "template.add_resource(VPC('Vpc', Metadata={'zones': list({'a', 'b', 'c', 'd'})}))\n"
    made = repository(tmp_path, {"network": text})
    first, second = (
        template(next(build(made, ["production"], surroundings=Surroundings(seed)))) for seed in (0, 1)
    )
    assert first_difference(first.body, second.body).pointer == "/Resources/Vpc/Metadata/zones"


def test_every_problem_of_a_definition_is_in_the_document_and_none_else():
    files = [path for room in ("definitions", "render") for path in (ROOT / "cfnpipe" / room).glob("*.py")]
    given = {rule for file in files for rule in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', file.read_text())}
    document = (ROOT / "docs" / "definitions.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+)` \|", document, re.MULTILINE)) == given
