"""What every init template is made of: ARNs, tags, references from stack to stack, statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from awacs.aws import Action, Allow, Condition, ConditionElement, Deny, PolicyDocument, Statement
from troposphere import Export, ImportValue, Output, Sub, Tags, Template

from cfnpipe import names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from cfnpipe.model import Environment

ACCOUNT, REGION = "${AWS::AccountId}", "${AWS::Region}"
RETAINED = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
"""Nothing stateful goes with its stack; only what a failed first attempt made is cleared away, so that
the next attempt finds its names free."""


def template(environment: Environment, description: str) -> Template:
    """Return an init stack's template, still empty."""
    return Template(Description=f"{description} Environment {environment.name}, made by cfnpipe.")


def tags(environment: Environment, stack: str, **more: str) -> Tags:
    """Return the tags of a resource that the init stack `stack` holds, the same from commit to commit."""
    return Tags({"cfnpipe:environment": environment.name, names.OWNED: stack, **more})


def arn(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> Sub:
    """Return the ARN of something in the environment's own partition, account and region."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}")


def iam(resource: str) -> Sub:
    """Return the ARN of something in IAM, which has no region: `role/...`, `policy/...`."""
    return arn("iam", resource, region="")


def role(environment: Environment, what: str) -> Sub:
    """Return the ARN of one of the environment's roles, where the role itself cannot be referred to."""
    return iam(f"role/{names.owned(environment.name, what)}")


def bucket_name(environment: Environment, what: str) -> str:
    """Return the name of one of the environment's buckets, for use inside `Fn::Sub`."""
    return names.bucket(environment.name, what, ACCOUNT, REGION)


def bucket(environment: Environment, what: str, key: str = "") -> Sub:
    """Return the ARN of one of the environment's buckets, or of the objects in it that match `key`."""
    path = f"/{key}" if key else ""
    return arn("s3", bucket_name(environment, what) + path, region="", account="")


def pipelines(environment: Environment, stack: str = "*", action: str = "") -> Sub:
    """Return the ARN of a stack's pipeline or of all of the environment's, or of a stage or an action."""
    return arn("codepipeline", names.pipeline(environment.name, stack) + action)


def stack_arn(environment: Environment, stack: str = "*") -> Sub:
    """Return the ARN of a CloudFormation stack of the environment, with any id."""
    return arn("cloudformation", f"stack/{names.cloudformation_stack(environment.name, stack)}/*")


def project(environment: Environment, what: str) -> Sub:
    """Return the ARN of one of the environment's CodeBuild projects."""
    return arn("codebuild", f"project/{names.owned(environment.name, what)}")


def exported(environment: Environment, title: str, value: Any, description: str) -> Output:
    """Return the output under which later init stacks find something, named like its resource."""
    name = names.export(environment.name, title)
    return Output(title, Description=description, Value=value, Export=Export(name))


def imported(environment: Environment, title: str) -> ImportValue:
    """Return what an earlier init stack exports; CloudFormation refuses it while it is not there."""
    return ImportValue(names.export(environment.name, title))


def actions(service: ModuleType, listed: str) -> list[Action]:
    """Return actions of a service by name. Raise `AttributeError` for one that awacs does not know."""
    return [getattr(service, name) for name in listed.split()]


def allow(sid: str, what: Sequence[Action], where: Sequence[Any], *when: ConditionElement) -> Statement:
    """Return a statement that allows actions on resources, under all of the conditions."""
    return Statement(Sid=sid, Effect=Allow, Action=list(what), Resource=list(where), **condition(*when))


def deny(sid: str, what: Sequence[Action], where: Sequence[Any], *when: ConditionElement) -> Statement:
    """Return a statement that denies actions on resources, under all of the conditions."""
    return Statement(Sid=sid, Effect=Deny, Action=list(what), Resource=list(where), **condition(*when))


def condition(*tests: ConditionElement) -> dict[str, Condition]:
    """Return a statement's condition, ready to be passed on, or nothing without tests.

    Tests with one operator are joined: awacs keeps only the last of them.
    """
    joined: dict[type[ConditionElement], dict[str, Any]] = {}
    for test in tests:
        joined.setdefault(type(test), {}).update(test.get_dict())
    elements = [operator(operands) for operator, operands in joined.items()]
    return {"Condition": Condition(elements)} if elements else {}


def document(*statements: Statement) -> PolicyDocument:
    """Return a policy of statements."""
    return PolicyDocument(Version="2012-10-17", Statement=list(statements))
