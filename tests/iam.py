"""What IAM would decide: an evaluator of policies, and a world of concrete ARNs made of templates.

It knows what the policies here use: Allow and Deny, Action and NotAction, Resource and NotResource,
Principal, conditions, policies of resources, and how a key hands its decisions over to IAM. It follows
"Policy evaluation logic" of the IAM User Guide for requests within one account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Decision = Literal["allow", "deny", "none"]
"""`deny` is explicit; `none` is what nobody allows, and refused as well."""
Statement = dict[str, Any]
Context = dict[str, Any]

_NO_POWER = ["account:*", "iam:*", "organizations:*"]
MANAGED: dict[str, list[Statement]] = {
    "AdministratorAccess": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    "PowerUserAccess": [{"Effect": "Allow", "NotAction": _NO_POWER, "Resource": "*"}],
}
"""What AWS's own policies say, by their names."""


@dataclass(frozen=True)
class Request:
    """Somebody wants to do something."""

    principal: str
    """The ARN of a role or a user, or a service: `events.amazonaws.com`."""
    action: str
    resource: str
    context: Context = field(default_factory=dict)


def decide(
    request: Request, identity: Iterable[Statement], resource: Iterable[Statement] | None = None
) -> Decision:
    """Decide by the principal's own policies and by the resource's policy, if it has one.

    The resource's policy allows by itself whom it names; whom it names by the account's root may do
    what IAM allows. Only keys need that; for everything else IAM's word suffices.
    """
    own = [statement for statement in identity if _applies(statement, request)]
    there = [statement for statement in resource or () if _applies(statement, request)]
    named = [statement for statement in there if _names(statement, request.principal)]
    if any(statement["Effect"] == "Deny" for statement in [*own, *named]):
        return "deny"
    if any(statement["Effect"] == "Allow" for statement in named):
        return "allow"
    handed_over = ":key/" not in request.resource or any(map(_hands_over, there))
    allowed = any(statement["Effect"] == "Allow" for statement in own)
    return "allow" if allowed and handed_over else "none"


def _applies(statement: Statement, request: Request) -> bool:
    return (
        _listed(statement, "Action", request.action.lower(), str.lower)
        and _listed(statement, "Resource", request.resource, str)
        and holds(statement.get("Condition", {}), request.context)
    )


def _listed(statement: Statement, key: str, value: str, form: Any) -> bool:
    if f"Not{key}" in statement:
        return not any(matches(form(pattern), value) for pattern in several(statement[f"Not{key}"]))
    return any(matches(form(pattern), value) for pattern in several(statement[key]))


def _names(statement: Statement, principal: str) -> bool:
    said = statement["Principal"]
    return said == "*" or any(
        pattern in ("*", principal) for patterns in said.values() for pattern in several(patterns)
    )


def _hands_over(statement: Statement) -> bool:
    said = statement["Principal"]
    roots = several(said.get("AWS", ())) if isinstance(said, dict) else []
    return statement["Effect"] == "Allow" and any(root.endswith(":root") for root in roots)


def several(value: Any) -> list[Any]:
    """One value or a list of them."""
    return list(value) if isinstance(value, list | tuple) else [value]


def matches(pattern: str, value: str) -> bool:
    """Whether a value matches a pattern in which `*` is any text and `?` any letter."""
    return _expression(pattern).fullmatch(value) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    letters = ({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile("".join(letters), re.DOTALL)


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether all tests of a condition hold."""
    return all(
        _test(operator, key, several(wanted), context)
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    )


_COMPARE = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}


def _test(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    found = {name.lower(): value for name, value in context.items()}.get(key.lower())
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return (found is None) == (wanted[0] == "true")
    base = name.removesuffix("IfExists")
    negated = "Not" in base
    compare = _COMPARE[base.replace("Not", "", 1)]
    if found is None:
        return negated or base != name or quantifier == "ForAllValues"
    hits = [any(compare(pattern, value) for pattern in wanted) != negated for value in several(found)]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)


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
