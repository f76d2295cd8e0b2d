"""Every name on AWS, made in one place; `docs/names.md` shows them.

`_` separates, because environments and stacks cannot contain it: two names are equal only if their
parts are. CloudFormation stacks and buckets cannot contain `_` and are separated by `-`. An account
or a region may be a pseudo parameter (`${AWS::AccountId}`), for use inside `Fn::Sub`.
"""

from __future__ import annotations

PREFIX = "cfnpipe"


def cloudformation_stack(environment: str, stack: str) -> str:
    """Return the name of a stack on AWS: `production-us-network`. At most 128 characters there."""
    return f"{environment}-{stack}"


def pipeline(environment: str, stack: str) -> str:
    """Return the name of a stack's pipeline: `network_production-us`. At most 100 characters there.

    The stack comes first, because artifact prefixes keep 20 characters of it and mail subjects 24.
    """
    return f"{stack}_{environment}"


def owned(environment: str, what: str) -> str:
    """Return the name of something that cfnpipe owns (IAM, CodeBuild, SNS, KMS alias, rule).

    `cfnpipe_production-us_sync`. At most 64 characters for IAM roles and EventBridge rules.
    """
    return f"{PREFIX}_{environment}_{what}"


def bucket(environment: str, what: str, account: str, region: str) -> str:
    """Return a bucket's name, which no other account can have taken by chance. At most 63 characters."""
    return f"{PREFIX}-{environment}-{what}-{account}-{region}"


def bundle_key(stack: str) -> str:
    """Return the key of a stack's bundle in its environment's source bucket."""
    return f"stacks/{stack}/bundle.zip"


def export(environment: str, what: str) -> str:
    """Return the name under which an init stack exports something: `cfnpipe:production-us:SyncRole`."""
    return f"{PREFIX}:{environment}:{what}"
