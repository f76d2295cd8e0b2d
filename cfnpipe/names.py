"""Every name on AWS, made in one place; `docs/names.md` shows them.

`_` separates, because environments and stacks cannot contain it: two names are equal only if their
parts are. CloudFormation stacks and buckets cannot contain `_` and are separated by `-`. An account
or a region may be a pseudo parameter (`${AWS::AccountId}`), for use inside `Fn::Sub`.
"""

from __future__ import annotations

import hashlib

PREFIX = "cfnpipe"
CHANGE_SET = "cfnpipe"
"""The change set of every stack pipeline: one slot a stack, which the locked Deploy stage guards."""
CHANGE_SETS_BY_HAND = "cfnpipe-by-hand-"
"""How the names of change sets begin that somebody's own command makes, each another one."""
OWNED = "cfnpipe:init-stack"
"""The key of the tag that marks the init stacks and what they hold; its value is the init stack."""
SOURCE, VALIDATE, SYNC, DEPLOY = "Source", "Validate", "Sync", "Deploy"
"""The stages: Source and Deploy of a stack pipeline; Source, Validate and Sync of the sync pipeline."""


def cloudformation_stack(environment: str, stack: str) -> str:
    """Return the name of a stack on AWS: `production-us-network`. At most 128 characters there."""
    return f"{environment}-{stack}"


def pipeline(environment: str, stack: str) -> str:
    """Return the name of a stack's pipeline: `network_production-us`. At most 100 characters there.

    The stack comes first, because artifact prefixes keep 20 characters of it and mail subjects 24.
    """
    return f"{stack}_{environment}"


def sync_pipeline(environment: str) -> str:
    """Return the name of the pipeline from Git to S3: `cfnpipe_sync_production-us`.

    No stack's pipeline can have that name, and it ends like them: `pipeline(environment, "*")` matches
    every pipeline of an environment and none of another.
    """
    return pipeline(environment, f"{PREFIX}_sync")


def artifact_prefix(pipeline_name: str) -> str:
    """Return where CodePipeline keeps a pipeline's artifacts: the first 20 characters of its name."""
    return pipeline_name[:20]


def approval(review: str) -> str:
    """Return the name of a review's approval action: `Approve-owners`. At most 100 characters there."""
    return f"Approve-{review}"


def review(approval_action: str) -> str:
    """Return the review that an approval action stands for: `owners` for `Approve-owners`."""
    return approval_action.removeprefix(approval(""))


def owned(environment: str, what: str) -> str:
    """Return the name of something that cfnpipe owns (IAM, CodeBuild, SNS, KMS alias, rule).

    `cfnpipe_production-us_sync`. At most 64 characters for IAM roles and EventBridge rules. The rule
    that starts a stack's pipeline has the stack's name as `what`; other rules have a `_` in theirs.
    """
    return f"{PREFIX}_{environment}_{what}"


def approver(environment: str, review: str) -> str:
    """Return the name of the policy that may approve: `cfnpipe_production-us_approver_owners`."""
    return owned(environment, f"approver_{review}")


def topic(environment: str) -> str:
    """Return the name of the topic that mails reviews and outcomes: `cfnpipe_production-us_notify`."""
    return owned(environment, "notify")


def key_alias(environment: str) -> str:
    """Return the alias of the environment's key: `alias/cfnpipe_production-us_key`."""
    return f"alias/{owned(environment, 'key')}"


def log_group(project: str) -> str:
    """Return the log group of a CodeBuild project: `/aws/codebuild/cfnpipe_production-us_sync`."""
    return f"/aws/codebuild/{project}"


def bucket(environment: str, what: str, account: str, region: str) -> str:
    """Return a bucket's name, which no other account can have taken by chance. At most 63 characters."""
    return f"{PREFIX}-{environment}-{what}-{account}-{region}"


def bundle_key(stack: str) -> str:
    """Return the key of a stack's bundle in its environment's source bucket."""
    return f"stacks/{stack}/bundle.zip"


def template_key(stack: str) -> str:
    """Return the key of a stack's template where its sources are split."""
    return f"stacks/{stack}/template.zip"


def configuration_key(stack: str) -> str:
    """Return the key of a stack's configuration where its sources are split; it is written last."""
    return f"stacks/{stack}/configuration.zip"


def export(environment: str, what: str) -> str:
    """Return the name under which an init stack exports something: `cfnpipe:production-us:SyncRole`."""
    return f"{PREFIX}:{environment}:{what}"


def logical_id(name: str) -> str:
    """Return a name in the alphabet of logical ids: `orders-database` becomes `OrdersDatabase`.

    It depends on nothing but the name, and no two names share one: where capitals cannot tell the
    hyphens (`a-1`, `a--b`), six characters of the name's SHA-256 do.
    """
    words = name.split("-")
    joined = "".join(word.capitalize() for word in words)
    told = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in joined)
    return joined if told == f"-{name}" else joined + hashlib.sha256(name.encode()).hexdigest()[:6]
