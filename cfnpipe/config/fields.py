"""What messages know of each field: what it takes, an example, and the keys beside it."""

from __future__ import annotations

from dataclasses import fields

from cfnpipe.config.merge import EXTENDS
from cfnpipe.model import (
    Access,
    CodeCommitSource,
    ConnectionSource,
    Environment,
    Protection,
    S3Source,
    Stack,
    Tool,
)

_NAME = "a name of a-z, 0-9 and -, beginning with a letter"

FIELDS = {
    "environment": (_NAME, "production-us"),
    "region": ("an AWS region", "us-east-1"),
    "account": ("12 digits", '"111122223333"'),
    "provider": ("a provider", "github"),
    "connection": (
        "the ARN of a connection",
        "arn:aws:codeconnections:us-east-1:111122223333:connection/0aaa",
    ),
    "repository": ("owner and name, or for codecommit a name", "example/infrastructure"),
    "branch": ("the name of a branch", "main"),
    "bucket": ("the name of a bucket, 3 to 63 of a-z, 0-9, . and -", "example-checkouts"),
    "key": ("the key of an object, without spaces", "checkout.zip"),
    "notify": ("a mail address", "infrastructure@example.com"),
    "review": (_NAME, "owners"),
    "deployer_policies": ("the ARN of a managed policy", "arn:aws:iam::aws:policy/AdministratorAccess"),
    "groups": ("the name of an IAM group, without a path", "operations"),
    "max_delete": ("a number, 0 or more", "1"),
    "lock": ("a path in the repository", "requirements.lock"),
    "index": ("an https address without user and password", "https://packages.example.com/simple"),
    "external_exports": ("the name of an export", "shared-VpcId"),
    "stacks": (_NAME, "orders-database"),
    "template": ("the name of a definition, without .py and not a _helper", "database"),
    "parameters": ("a name of 1 to 255 letters and digits", "VpcCidr"),
    "tags": ("a key of 1 to 128 characters", "Owner"),
    "capabilities": ("a capability", "CAPABILITY_NAMED_IAM"),
    "sources": ("one of its values", "bundle"),
    "policy": ("a path below config/", "protection/database.json"),
    "ignore": ("a reason, which is shown", "accepted until the next release"),
}
"""What each field takes, and one example of it."""

NAMED_BY_USER = ("stacks", "parameters", "tags", "groups", "ignore")
"""The fields whose keys are not part of the format."""

SHAPES = {
    "": Environment,
    "source": ConnectionSource,
    "codecommit": CodeCommitSource,
    "s3": S3Source,
    "access": Access,
    "tool": Tool,
    "stacks": Stack,
    "protection": Protection,
}
"""The class behind each field that has keys, and for a source behind its provider."""


def beside(field: str, provider: str = "") -> set[str]:
    """Return the keys that are known below a field."""
    shape = SHAPES.get(provider or field, SHAPES[field])
    names = {known.name for known in fields(shape)}
    return names - {"name"} | {"environment", EXTENDS} if shape is Environment else names
