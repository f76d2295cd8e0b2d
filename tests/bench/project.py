"""The project that is measured: many stacks of 30 resources, and the same for the peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = '''\
"""Thirty resources, number {number}."""

from troposphere import GetAtt, Output, Parameter, Ref, Tags, Template
from troposphere.ec2 import SecurityGroup, SecurityGroupRule
from troposphere.sns import Topic
from troposphere.sqs import Queue

template = Template(Description=__doc__)
vpc = template.add_parameter(Parameter("Vpc", Type="AWS::EC2::VPC::Id"))
for index in range(10):
    queue = template.add_resource(
        Queue(
            f"Queue{{index}}",
            SqsManagedSseEnabled=True,
            VisibilityTimeout=30 + index,
            MessageRetentionPeriod=1209600,
            Tags=Tags(Number="{number}", Index=str(index)),
        )
    )
    template.add_resource(Topic(f"Topic{{index}}", DisplayName=f"Topic {{index}} of {number}"))
    template.add_resource(
        SecurityGroup(
            f"Group{{index}}",
            GroupDescription=f"Group {{index}} of {number}",
            VpcId=Ref(vpc),
            SecurityGroupIngress=[
                SecurityGroupRule(IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="10.0.0.0/8")
                for port in (443, 8443, 9000 + index)
            ],
        )
    )
    template.add_output(Output(f"QueueArn{{index}}", Value=GetAtt(queue, "Arn")))
'''

BARE = """\
import importlib.util, pathlib, sys

source, target = map(pathlib.Path, sys.argv[1:])
for path in sorted(source.glob("*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (target / f"{path.stem}.json").write_text(module.template.to_json(indent=2) + "\\n")
"""
"""The same work in one process: every definition loaded, made JSON, written."""


def make(root: Path, stacks: int) -> None:
    """Write a project of so many stacks below `root`."""
    names = [f"stack-{number:03}" for number in range(stacks)]
    (root / "templates").mkdir(parents=True)
    (root / "config").mkdir()
    for number, name in enumerate(names):
        (root / "templates" / f"{name}.py").write_text(DEFINITION.format(number=number))
    entries = [f"  {name}:\n    parameters: {{Vpc: vpc-0123456789abcdef0}}\n" for name in names]
    text = "environment: bench\nregion: us-east-1\nstacks:\n" + "".join(entries)
    (root / "config/bench.yaml").write_text(text)


def make_sceptre(root: Path, project: Path) -> None:
    """Write the same stacks as a Sceptre project."""
    (root / "config").mkdir(parents=True)
    (root / "templates").mkdir()
    (root / "config/config.yaml").write_text("project_code: bench\nregion: us-east-1\n")
    handler = "\n\ndef sceptre_handler(_):\n    return template.to_json()\n"
    for path in sorted((project / "templates").glob("*.py")):
        (root / "templates" / path.name).write_text(path.read_text() + handler)
        stack = f"template:\n  path: {path.name}\nparameters:\n  Vpc: vpc-0123456789abcdef0\n"
        (root / "config" / f"{path.stem}.yaml").write_text(stack)
