"""Names that are made of the environment's and the stack's, and names that resources give themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe import names
from cfnpipe.validate.document import at, below, entries
from cfnpipe.validate.regions import regions
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import EnvironmentView, StackView


@dataclass(frozen=True)
class _Form:
    """What AWS takes as the name of one type of resource."""

    property: str
    longest: int
    pattern: str
    shortest: int = 1


_IAM = r"[\w+=,.@-]+"
_WORD = r"[A-Za-z0-9_-]+"
_FORMS = {
    "AWS::CodeBuild::Project": _Form("Name", 255, r"[A-Za-z0-9][A-Za-z0-9_-]+", 2),
    "AWS::CodePipeline::Pipeline": _Form("Name", 100, r"[A-Za-z0-9.@_-]+"),
    "AWS::DynamoDB::Table": _Form("TableName", 255, r"[A-Za-z0-9_.-]+", 3),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _Form("Name", 32, r"(?!internal-|-)[A-Za-z0-9-]+(?<!-)"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _Form("Name", 32, r"(?!-)[A-Za-z0-9-]+(?<!-)"),
    "AWS::Events::Rule": _Form("Name", 64, r"[A-Za-z0-9._-]+"),
    "AWS::IAM::Group": _Form("GroupName", 128, _IAM),
    "AWS::IAM::InstanceProfile": _Form("InstanceProfileName", 128, _IAM),
    "AWS::IAM::ManagedPolicy": _Form("ManagedPolicyName", 128, _IAM),
    "AWS::IAM::Role": _Form("RoleName", 64, _IAM),
    "AWS::IAM::User": _Form("UserName", 64, _IAM),
    "AWS::KMS::Alias": _Form("AliasName", 256, r"alias/[A-Za-z0-9/_-]+"),
    "AWS::Lambda::Function": _Form("FunctionName", 64, _WORD),
    "AWS::Logs::LogGroup": _Form("LogGroupName", 512, r"[A-Za-z0-9._/#-]+"),
    "AWS::RDS::DBInstance": _Form("DBInstanceIdentifier", 63, r"[A-Za-z](?!.*--)[A-Za-z0-9-]*(?<!-)"),
    "AWS::S3::Bucket": _Form("BucketName", 63, r"[a-z0-9](?!.*\.\.)[a-z0-9.-]*[a-z0-9]", 3),
    "AWS::SNS::Topic": _Form("TopicName", 256, rf"{_WORD}(\.fifo)?"),
    "AWS::SQS::Queue": _Form("QueueName", 80, rf"{_WORD}(\.fifo)?"),
}
_ATTACHED = ("Roles", "Users", "Groups", "Bucket")
"""Properties that change something which another stack owns."""


def physical_name(view: StackView) -> Iterator[Finding]:
    """Find a name of a resource that AWS refuses, once environment, stack and parameters are filled in.

    cfn-lint sees names that stand in the template as they are.
    """
    for logical_id, resource in view.resources(*_FORMS):
        form = _FORMS[resource["Type"]]
        value = at(resource, "Properties", form.property)
        name = view.resolved(value) if isinstance(value, dict) else None
        if name is not None and not re.search(r"\$\{|\{\{", name):
            pointer = below("/Resources", logical_id, "Properties", form.property)
            if not form.shortest <= len(name) <= form.longest:
                count = f"{quoted(name)} has {len(name)} characters"
                message = f"{count}; {resource['Type']} takes {form.shortest} to {form.longest}"
                yield Finding(message, pointer, "shorten it, or leave the name to CloudFormation")
            elif not re.fullmatch(form.pattern, name):
                message = f"{quoted(name)} is not a name for {resource['Type']}"
                yield Finding(message, pointer, f"it must match {form.pattern}")


def reserved_name(view: StackView) -> Iterator[Finding]:
    """Find a resource of an ordinary stack with a name that belongs to cfnpipe itself.

    Whoever can give a role, a bucket or a policy such a name changes the process that reviews changes.
    """
    if view.init:
        return
    for logical_id, resource in view.resources():
        for key, value in resource.get("Properties", {}).items():
            names_it = key.endswith(("Name", "Identifier")) and key != "DisplayName"
            if names_it or key in _ATTACHED:
                taken = [name for name in map(view.resolved, entries(value)) if name and _reserved(name)]
                for name in taken:
                    yield Finding(
                        f"{quoted(name)} is a name of cfnpipe's own",
                        below("/Resources", logical_id, "Properties", key),
                        f"choose a name that does not begin with {names.PREFIX}_ or {names.PREFIX}-",
                    )


def _reserved(name: str) -> bool:
    last = name.rpartition("/")[2]  # Aliases and log groups have paths.
    return last.startswith((f"{names.PREFIX}_", f"{names.PREFIX}-"))


def derived_name(view: EnvironmentView) -> Iterator[Finding]:
    """Find a stack whose name on AWS, or that of its pipeline or rule, is longer than AWS takes."""
    for stack in view.environment.stacks:
        for what, name, longest in _derived(view, stack):
            if len(name) > longest:
                yield Finding(
                    f"its {what} would be {quoted(name)}: {len(name)} characters; AWS takes {longest}",
                    hint="shorten the name of the stack or of the environment",
                    where=view.where("stacks", stack),
                    stack=stack,
                )


def _derived(view: EnvironmentView, stack: str) -> Iterator[tuple[str, str, int]]:
    """Yield what is named after a stack: what it is, its name, and how long that may be."""
    environment = view.environment.name
    yield "stack on AWS", names.cloudformation_stack(environment, stack), 128
    if view.environment.source is not None:
        yield "pipeline", names.pipeline(environment, stack), 100
        yield "EventBridge rule", names.owned(environment, stack), 64


def unknown_region(view: EnvironmentView) -> Iterator[Finding]:
    """Find a region that does not exist; cfn-lint is not asked about its stacks."""
    region = view.environment.region
    if region not in regions():
        hint = choice(region, regions())
        yield Finding(f"there is no region {quoted(region)}", hint=hint, where=view.where("region"))
