"""A world of concrete ARNs made of templates, in which the rehearsal's evaluator decides who may do what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights.evaluate import Decision, Request, Statement, decide
from cfnpipe.rehearsal.rights.patterns import several

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.rights.conditions import Context

_NO_POWER = ["account:*", "iam:*", "organizations:*"]
MANAGED: dict[str, list[Statement]] = {
    "AdministratorAccess": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    "PowerUserAccess": [{"Effect": "Allow", "NotAction": _NO_POWER, "Resource": "*"}],
}
"""What AWS's own policies say, by their names."""


@dataclass
class World:
    """What there is in one account once templates are deployed, with concrete ARNs."""

    account: str
    partition: str = "aws"
    region: str = "us-east-1"
    identities: dict[str, list[Statement]] = field(default_factory=dict)
    """The statements of each role and of each policy for people, by its name."""
    principals: dict[str, str] = field(default_factory=dict)
    """The ARN behind each of those names; whoever holds a policy for people is a user."""
    trusts: dict[str, list[Statement]] = field(default_factory=dict)
    """Who may take a role on, by the role's name."""
    policies: dict[str, list[Statement]] = field(default_factory=dict)
    """The statements of each resource's policy, by the resource's ARN."""
    facts: dict[str, Context] = field(default_factory=dict)
    """What the context of a request says about a resource: its tags, a key's aliases."""
    names: dict[str, set[str]] = field(default_factory=dict)
    """Physical names, by type."""
    arns: list[str] = field(default_factory=list)
    """The ARN of everything that has one."""
    exports: dict[str, Any] = field(default_factory=dict)

    def deploy(self, template: Mapping[str, Any]) -> None:
        """Add what a template makes. Everything that it imports must be there already."""
        resources = {
            title: resource | {"Properties": dict(resource["Properties"])}
            for title, resource in template["Resources"].items()
        }
        resolve = _Resolver(self, resources)
        for resource in resources.values():
            self._add(resource["Type"], resolve(resource["Properties"]), resolve)
        for output in template.get("Outputs", {}).values():
            name = output["Export"]["Name"]
            assert name not in self.exports, f"{name} is exported twice"
            self.exports[name] = resolve(output["Value"])

    def _add(self, kind: str, made: dict[str, Any], resolve: _Resolver) -> None:
        if name := _name(kind, made):
            taken = self.names.setdefault(kind, set())
            assert name not in taken, f"{kind} {name} is there twice"
            taken.add(name)
            self.arns.append(resolve.arn(kind, name))
        if "Tags" in made and name:
            tags = {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in made["Tags"]}
            self.facts.setdefault(resolve.arn(kind, name), {}).update(tags)
        match kind:
            case "AWS::IAM::Role":
                self._role(made)
            case "AWS::IAM::ManagedPolicy":
                name = made["ManagedPolicyName"]
                self.identities[name] = made["PolicyDocument"]["Statement"]
                self.principals[name] = f"arn:{self.partition}:iam::{self.account}:user/somebody"
            case "AWS::S3::BucketPolicy":
                arn = f"arn:{self.partition}:s3:::{made['Bucket']}"
                self.policies[arn] = made["PolicyDocument"]["Statement"]
            case "AWS::SNS::TopicPolicy":
                for topic in made["Topics"]:
                    self.policies[topic] = made["PolicyDocument"]["Statement"]
            case "AWS::KMS::Key":
                self.policies[resolve.key] = made["KeyPolicy"]["Statement"]
            case "AWS::KMS::Alias":
                self.facts.setdefault(resolve.key, {})["kms:ResourceAliases"] = [made["AliasName"]]

    def _role(self, made: dict[str, Any]) -> None:
        name = made["RoleName"]
        documents = [policy["PolicyDocument"] for policy in made.get("Policies", ())]
        statements = [each for document in documents for each in document["Statement"]]
        aws = f"arn:{self.partition}:iam::aws:policy/"
        managed = [
            each for arn in made.get("ManagedPolicyArns", ()) for each in MANAGED[arn.removeprefix(aws)]
        ]
        self.identities[name] = statements + managed
        self.principals[name] = f"arn:{self.partition}:iam::{self.account}:role/{name}"
        self.trusts[name] = made["AssumeRolePolicyDocument"]["Statement"]

    def ask(self, who: str, action: str, resource: str, **context: Any) -> Decision:
        """Decide for somebody by name. `context` adds to what is always known."""
        principal = self.principals[who]
        return decide(
            Request(principal, action, resource, self._context(principal, resource) | context),
            self.identities[who],
            self.policy_of(resource),
        )

    def policy_of(self, resource: str) -> list[Statement] | None:
        """The policy of a resource, or of the bucket that an object is in."""
        bucket = resource.partition("/")[0] if ":s3:::" in resource else resource
        return self.policies.get(bucket)

    def _context(self, principal: str, resource: str) -> Context:
        always = {
            "aws:PrincipalArn": principal,
            "aws:PrincipalIsAWSService": "false",
            "aws:ResourceAccount": self.account,
            "aws:SecureTransport": "true",
        }
        return always | self.facts.get(resource, {})


_NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::KMS::Key": "Description",
    "AWS::KMS::Alias": "AliasName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::Events::Rule": "Name",
}
"""The property with a resource's physical name; a key has none, and its description stands in for it."""
_ARNS = {
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{name}",
    "AWS::KMS::Alias": "kms:{region}:{account}:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}",
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::CodePipeline::Pipeline": "codepipeline:{region}:{account}:{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
}
_REF_IS_ARN = ("AWS::IAM::ManagedPolicy", "AWS::SNS::Topic")


def _name(kind: str, made: Mapping[str, Any]) -> str:
    name = made[_NAMES[kind]] if kind in _NAMES else ""
    return re.sub("[^a-z0-9]+", "-", name.lower()) if kind == "AWS::KMS::Key" else name


@dataclass
class _Resolver:
    """Fills in references, within a template and to what others export."""

    world: World
    resources: Mapping[str, Any]

    def __call__(self, value: Any) -> Any:
        match value:
            case {"Ref": title}:
                return self.ref(title)
            case {"Fn::GetAtt": [title, "Arn"]}:
                return self.of(title)
            case {"Fn::ImportValue": name}:
                return self.world.exports[name]
            case {"Fn::Sub": text}:
                return self.filled(*several(text))
        return self.inside(value)

    def inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            assert not any(key.startswith("Fn::") for key in value), f"cannot resolve {value}"
            return {key: self(each) for key, each in value.items()}
        return [self(each) for each in value] if isinstance(value, list) else value

    def filled(self, text: str, more: Mapping[str, Any] = MappingProxyType({})) -> str:
        return re.sub(
            r"\$\{([\w:.]+)\}",
            lambda found: str(self(more[found[1]]) if found[1] in more else self.named(found[1])),
            text,
        )

    def named(self, name: str) -> Any:
        return self.of(name.removesuffix(".Arn")) if name.endswith(".Arn") else self.ref(name)

    def ref(self, title: str) -> str:
        pseudo = {
            "AWS::AccountId": self.world.account,
            "AWS::Region": self.world.region,
            "AWS::Partition": self.world.partition,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if title in pseudo:
            return pseudo[title]
        resource = self.resources[title]
        if resource["Type"] in _REF_IS_ARN:
            return self.of(title)
        return _name(resource["Type"], self.properties(resource))

    def of(self, title: str) -> str:
        resource = self.resources[title]
        return self.arn(resource["Type"], _name(resource["Type"], self.properties(resource)))

    def properties(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        key = _NAMES[resource["Type"]]
        return {key: self(resource["Properties"][key])}

    def arn(self, kind: str, name: str) -> str:
        where = {"account": self.world.account, "region": self.world.region, "name": name}
        return f"arn:{self.world.partition}:{_ARNS[kind].format(**where)}"

    @property
    def key(self) -> str:
        """The ARN of the template's one key."""
        return self.of(next(t for t, r in self.resources.items() if r["Type"] == "AWS::KMS::Key"))
