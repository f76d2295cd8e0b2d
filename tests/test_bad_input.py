"""What a user can get wrong: one line with place, rule and hint, the right exit code, nothing written.

The messages stand in tests/golden/bad_input, one file a mistake.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CONFIGURATION, DEFINITION, ROOT

if TYPE_CHECKING:
    from tests.conftest import Golden, Repository


@dataclass(frozen=True)
class Mistake:
    """Files that differ from a sound repository, and the exit code that they give."""

    name: str
    code: int
    files: dict[str, str | bytes] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("render",)

    def __str__(self) -> str:
        return self.name


def definition(name: str, body: str, code: int = 2) -> Mistake:
    return Mistake(name, code, {"templates/network.py": body})


def template(name: str, body: str, code: int = 1) -> Mistake:
    """A definition that can be run, and a template with something wrong in it."""
    lines = ["from troposphere import *", "from troposphere.ec2 import VPC", "template = Template()"]
    zones = 'template.add_parameter(Parameter("Zones", Type="Number"))'
    vpc = 'vpc = template.add_resource(VPC("Vpc", CidrBlock="10.0.0.0/16", Tags=Tags(Zones=Ref("Zones"))))'
    return Mistake(name, code, {"templates/network.py": "\n".join([*lines, zones, vpc, body, ""])})


def stack(name: str, text: str, code: int = 1, **files: str) -> Mistake:
    """A configuration with these lines in the stack `network`."""
    head = "environment: test\nregion: us-east-1\nstacks:\n  network:\n"
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return Mistake(name, code, {"config/test.yaml": head + lines, **files})


def configuration(name: str, text: str | bytes) -> Mistake:
    return Mistake(name, 2, {"config/test.yaml": text})


MISTAKES = [
    definition("raises", "import json\n\ndef load():\n    return json.loads('{')\n\nload()\n"),
    definition("syntax", "from troposphere import Template\ntemplate = Template(\n"),
    definition("indentation", "if True:\nx = 1\n"),
    definition("tab", "if True:\n        x = 1\n\ty = 2\n"),
    definition("python-2", "from troposphere import Template\nprint 'hello'\n"),
    definition("missing-module", "import netaddr\n"),
    definition("missing-name", "from troposphere import Tempalte\n"),
    definition("no-template", "x = 1\n"),
    definition("two-templates", "from troposphere import Template\na = Template()\nb = Template()\n"),
    definition("returns-nothing", "def template(environment):\n    pass\n"),
    definition("is-a-dict", "template = {'Resources': {}}\n"),
    definition("is-a-list", "from troposphere import Template\ntemplate = [Template()]\n"),
    definition("coroutine", "async def template(environment):\n    pass\n"),
    definition("generator", "def template(environment):\n    yield 1\n"),
    definition("two-arguments", "def template(environment, more):\n    pass\n"),
    Mistake(
        "hangs",
        2,
        {"templates/network.py": "import time\n\ntime.sleep(60)\n"},
        ("render", "--timeout", "1"),
    ),
    definition("asks", "input('really? ')\n"),
    definition("exits", "import sys\n\nsys.exit('enough')\n"),
    definition("dies", "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)\n"),
    definition("stops-its-parent", "import os, signal\n\nos.kill(os.getppid(), signal.SIGSTOP)\n"),
    definition("ends-its-parent", "import os, signal\n\nos.kill(os.getppid(), signal.SIGKILL)\n"),
    definition("recursion", "def again():\n    again()\n\nagain()\n"),
    definition("duplicate-logical-id", DEFINITION + 'template.add_resource(VPC("Vpc"))\n'),
    definition("bad-logical-id", DEFINITION + 'template.add_resource(VPC("Vpc-2"))\n'),
    definition("unknown-property", DEFINITION.replace("CidrBlock", "Cidr")),
    definition("wrong-type", DEFINITION.replace('"10.0.0.0/16"', '"10.0.0.0/16", EnableDnsSupport="maybe"')),
    definition(
        "missing-property",
        DEFINITION + "from troposphere.ec2 import Subnet\ntemplate.add_resource(Subnet('S'))\n",
    ),
    definition("old-troposphere", DEFINITION + "template.add_version('2010-09-09')\n"),
    definition("bytes", DEFINITION + "template.set_metadata({'a': b'x'})\n"),
    definition(
        "datetime", DEFINITION + "import datetime\ntemplate.set_metadata({'a': datetime.date(2026, 1, 1)})\n"
    ),
    definition("not-a-number", DEFINITION + "template.set_metadata({'a': float('nan')})\n"),
    definition("number-of-thousands-of-digits", DEFINITION + "template.set_metadata({'a': 10**5000})\n"),
    definition(
        "deeper-than-anybody-reads",
        DEFINITION + "import sys\n\nsys.setrecursionlimit(10**6)\na = []\nfor _ in range(9000): a = [a]\n"
        "template.set_metadata({'a': a})\n",
    ),
    definition("contains-itself", DEFINITION + "a = {}\na['a'] = a\ntemplate.set_metadata(a)\n"),
    definition("relative-file", "open('names.txt')\n"),
    definition("control-characters", "raise ValueError('\\x1b[31mred\\n::error::x')\n"),
    definition(
        "too-many-resources", DEFINITION + "for i in range(500): template.add_resource(VPC(f'V{i}'))\n"
    ),
    definition(
        "refused-by-a-blueprint",
        "from cfnpipe.blueprints import pipelines\n\n\ndef template(environment):\n"
        "    return pipelines.template(environment)\n",
    ),
    template("nested-deep", "a = []\nfor _ in range(150): a = [a]\ntemplate.set_metadata({'a': a})"),
    template(
        "slow-pattern",
        "slow = {'AllowedPattern': '(a+)+', 'Default': 'a' * 40 + '!'}\n"
        "template.add_parameter(Parameter('Name', Type='String', **slow))\n"
        "vpc.CidrBlock = Ref('Name')",
    ),
    template("dangling-ref", "vpc.CidrBlock = Ref('Nothing')"),
    template("dangling-getatt", "vpc.CidrBlock = GetAtt('Vcp', 'Arn')"),
    template("circular-depends-on", "vpc.DependsOn = 'Vpc'"),
    template("empty", "template.resources.clear()"),
    template("unknown-import", "vpc.CidrBlock = ImportValue('shared-cidr')"),
    template("include", "template.set_transform('AWS::Include')"),
    template(
        "plaintext-secret",
        "from troposphere.rds import DBInstance\n"
        "template.add_resource(DBInstance('Db', DBInstanceClass='db.t4g.micro', Engine='postgres',\n"
        "    AllocatedStorage='20', MasterUsername='admin1', MasterUserPassword='hunter2hunter2',\n"
        "    DeletionPolicy='Snapshot', UpdateReplacePolicy='Snapshot'))",
    ),
    template(
        "reserved-name",
        "from troposphere.sqs import Queue\ntemplate.add_resource(Queue('Q', QueueName='cfnpipe_test_sync'))",
    ),
    stack("missing-parameter", "tags: {}"),
    stack("unknown-parameter", "parameters: {Zone: 2, Zones: 2}"),
    stack("not-numeric", "parameters: {Zones: two}"),
    stack("list-for-a-number", "parameters: {Zones: [1, 2]}"),
    stack("null-parameter", "parameters: {Zones: }", 2),
    stack("nested-parameter", "parameters: {Zones: {a: 1}}", 2),
    stack("misspelt-key", "paramters: {Zones: 2}", 2),
    stack("missing-definition", "template: netwrok\nparameters: {Zones: 2}", 2),
    stack("definition-outside", "template: ../network", 2),
    stack("unknown-rule-to-ignore", "parameters: {Zones: 2}\nignore: {unknown-imports: because}"),
    stack("reserved-tag", "parameters: {Zones: 2}\ntags: {'aws:x': y}", 2),
    stack("protection-missing", "parameters: {Zones: 2}\nprotection: {policy: protection/none.json}", 2),
    Mistake(
        "protection-unknown-resource",
        1,
        {
            "config/test.yaml": CONFIGURATION + "    protection: {policy: protection/network.json}\n",
            "config/protection/network.json": '{"Statement": [{"Effect": "Deny", "Principal": "*", '
            '"Action": "Update:Delete", "Resource": "LogicalResourceId/Vcp"}]}',
        },
    ),
    configuration("duplicate-key", CONFIGURATION + "region: us-east-1\n"),
    configuration("bad-yaml", "environment: [\n"),
    configuration("tag", CONFIGURATION.replace("test", "!!python/object:os.system x")),
    configuration("account-without-quotes", CONFIGURATION + "account: 011122223333\n"),
    configuration("account-too-short", CONFIGURATION + 'account: "1234"\n'),
    configuration("bad-mail", CONFIGURATION + "notify: [nobody]\n"),
    configuration("name-differs", CONFIGURATION.replace("test", "tset")),
    configuration("no-region", CONFIGURATION.replace("region: us-east-1\n", "")),
    configuration("unknown-extends", "extends: _bse.yaml\n" + CONFIGURATION),
    configuration("not-utf-8", b"\xff\xfe"),
    configuration("empty-file", ""),
    configuration(
        "source-without-account",
        CONFIGURATION + "source: {provider: codecommit, repository: infrastructure, branch: master}\n",
    ),
    configuration("unknown-provider", CONFIGURATION + "source: {provider: gihub}\n"),
    Mistake(
        "extends-cycle", 2, {"config/test.yaml": "extends: _a.yaml\n", "config/_a.yaml": "extends: _a.yaml\n"}
    ),
    Mistake("unknown-region", 1, {"config/test.yaml": CONFIGURATION.replace("us-east-1", "us-esat-1")}),
    Mistake("unknown-environment", 2, arguments=("render", "-e", "tset")),
    Mistake("unknown-option", 2, arguments=("render", "--chekc")),
    Mistake("contradicting-forms", 2, arguments=("render", "--json", "--format", "github")),
    Mistake("contradicting-forms-of-validate", 2, arguments=("validate", "--format", "text", "--json")),
    Mistake("folder-for-a-file", 2, {"stacks/test/network/template.json/notes.txt": "mine"}),
    Mistake("file-for-a-stack", 2, {"stacks/test/network": "mine"}),
    Mistake("file-for-an-environment", 2, {"stacks/test": "mine"}),
    Mistake("file-for-all-stacks", 2, {"stacks": "mine"}),
    Mistake("unknown-command", 2, arguments=("rendre",)),
    Mistake("nothing-committed", 2, arguments=("validate",)),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_one_clear_line(mistake: Mistake, repository: Repository, golden: Golden) -> None:
    for path, content in mistake.files.items():
        repository.write(path, content)
    before = repository.files()
    result = repository.run(*mistake.arguments)
    assert result.code == mistake.code, result.err
    assert "Traceback" not in result.err
    assert repository.files() == before
    golden.check(ROOT / f"tests/golden/bad_input/{mistake.name}.txt", result.err)


def test_all_mistakes_of_a_run_are_shown_together(repository: Repository) -> None:
    repository.write(
        "config/test.yaml", CONFIGURATION + "  second: {template: two}\n  third: {template: three}\n"
    )
    repository.write("templates/two.py", "import nosuch\n")
    repository.write("templates/three.py", "raise ValueError('no')\n")
    result = repository.run("render")
    assert result.code == 2
    assert [line.split(": ")[0] for line in result.err.splitlines() if not line.startswith(" ")] == [
        "templates/three.py:1",
        "templates/two.py:1",
    ]


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("ulimit -f 0; $CFNPIPE", "No usable temporary directory found in"),
        ("mkdir gone; cd gone; rmdir ../gone; $CFNPIPE", "No such file or directory"),
    ],
)
def test_what_the_system_refuses_is_no_bug(command: str, what: str, repository: Repository) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=repository.root,
        env={
            "PYTHONPATH": str(ROOT),
            "CFNPIPE": f"{sys.executable} -m cfnpipe render",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    first, *others = done.stderr.splitlines()
    assert first.startswith(f"error: the system refuses: {what}")
    hint = "look for a full disk, a limit of the shell (ulimit -a), or a working directory that is gone"
    assert (done.returncode, others) == (2, [f"  hint: {hint}"])


def test_outside_a_repository_the_hint_says_where_to_go(repository: Repository) -> None:
    empty = type(repository)(repository.root.parent / "elsewhere")
    empty.root.mkdir()
    result = empty.run("render")
    assert result.code == 2
    assert "Traceback" not in result.err
    assert "config/" in result.err
