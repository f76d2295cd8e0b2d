"""Who may do what: the access matrix, and the laws that it must obey whatever it says."""

from __future__ import annotations

import importlib
import json
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awacs
import cfnlint
import pytest
from awacs.aws import Action

from cfnpipe.blueprints import deployers, roles, sources
from cfnpipe.model import INIT_STACKS
from cfnpipe.rehearsal.rights.evaluate import Request, decide
from cfnpipe.rehearsal.rights.patterns import matches, several
from tests.environments import ACCOUNT, CONNECTION, account, environment, shape, templates
from tests.iam import MANAGED, World

if TYPE_CHECKING:
    from tests.conftest import Golden

GOLDEN = Path(__file__).parent / "golden"
US = "us-east-1"
ENVIRONMENT = "production-us"
PEOPLE = ("reader", "operator", "approver_owners", "approver_operations")
DEPLOYERS = ("stack-deployer", "init-deployer")


@cache
def world() -> World:
    made = World(ACCOUNT)
    for template in shape("two-reviews").values():
        made.deploy(template)
    return made


def who(what: str, name: str = ENVIRONMENT) -> str:
    return f"cfnpipe_{name}_{what}"


def everybody(name: str = ENVIRONMENT) -> list[str]:
    return [*roles.ROLES, *PEOPLE] if name == ENVIRONMENT else list(roles.ROLES)


def arn(service: str, resource: str, region: str = US, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def pipeline(name: str) -> str:
    return arn("codepipeline", name)


def stack(name: str) -> str:
    return arn("cloudformation", f"stack/{name}/0aaa1111-2222-3333-4444-555566667777")


def bucket(what: str, key: str = "") -> str:
    return f"arn:aws:s3:::cfnpipe-{ENVIRONMENT}-{what}-{ACCOUNT}-{US}{key}"


def project(what: str) -> str:
    return arn("codebuild", f"project/{who(what)}")


def key() -> str:
    return next(name for name in world().policies if ":kms:" in name)


def iam(resource: str) -> str:
    return arn("iam", resource, region="")


BY_S3 = {"kms:ViaService": f"s3.{US}.amazonaws.com"}
CHANGE_SET = {"cloudformation:ChangeSetName": "cfnpipe"}
TO_CLOUDFORMATION = {"iam:PassedToService": "cloudformation.amazonaws.com"}
TO_CODEBUILD = {"iam:PassedToService": "codebuild.amazonaws.com"}
TO_LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}
APPROVER = {"iam:PolicyARN": iam(f"policy/{who('approver_owners')}")}

CHANGE_STACK = "CreateChangeSet ExecuteChangeSet DeleteChangeSet"
CHANGE_DIRECTLY = (
    "CreateStack UpdateStack DeleteStack SetStackPolicy UpdateTerminationProtection ContinueUpdateRollback"
    " RollbackStack SignalResource"
)
GIVE = "PutApprovalResult"
DEPLOYER, INIT_DEPLOYER = iam(f"role/{who('stack-deployer')}"), iam(f"role/{who('init-deployer')}")
DISTRIBUTION = arn("cloudfront", "distribution/E1", region="")
CHANGE_PIPELINE = "CreatePipeline UpdatePipeline DeletePipeline"
RUN_PIPELINE = "StartPipelineExecution StopPipelineExecution"
SEE_PIPELINE = "GetPipeline GetPipelineState ListPipelineExecutions ListActionExecutions"
BEND_STAGE = (
    "RetryStageExecution RollbackStage OverrideStageCondition EnableStageTransition DisableStageTransition"
)
RUN_BUILD = "StartBuild RetryBuild StartBuildBatch StartSandbox StartSandboxConnection StartCommandExecution"
CHANGE_BUILD = "CreateProject UpdateProject DeleteProject UpdateProjectVisibility"
WRITE_OBJECT = "PutObject PutObjectAcl DeleteObject DeleteObjectVersion RestoreObject"
CHANGE_BUCKET = (
    "PutBucketPolicy DeleteBucketPolicy PutBucketVersioning PutBucketNotification PutLifecycleConfiguration"
    " PutReplicationConfiguration PutEncryptionConfiguration PutBucketPublicAccessBlock DeleteBucket"
)
CHANGE_ROLE = (
    "CreateRole DeleteRole UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy AttachRolePolicy"
    " DetachRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary"
)
CHANGE_POLICY = "CreatePolicy CreatePolicyVersion SetDefaultPolicyVersion DeletePolicy"
CHANGE_KEY = "CreateGrant PutKeyPolicy DisableKey ScheduleKeyDeletion"
CHANGE_RULE = "PutRule PutTargets RemoveTargets DeleteRule DisableRule"
CHANGE_TOPIC = "SetTopicAttributes AddPermission Subscribe DeleteTopic"

NETWORK = pipeline("network_production-us")
RUN_OR_CHANGE = f"{RUN_BUILD} {CHANGE_BUILD}"
POWER = "StartInstances StopInstances RebootInstances TerminateInstances ModifyInstanceAttribute RunInstances"
BUNDLE = bucket("source", "/stacks/network/bundle.zip")
CHECKOUT = bucket("artifacts", "/cfnpipe_sync_product/Checkout/a")
ARTIFACT = bucket("artifacts", "/network_production-/Bundle/a")
LOG = f"log-group:/aws/codebuild/{who('sync')}"
OTHER_NAME = {"cloudformation:ChangeSetName": "mine"}

ROWS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("codepipeline", f"{CHANGE_PIPELINE} {RUN_PIPELINE} {SEE_PIPELINE}", "a stack's pipeline", NETWORK, {}),
    ("codepipeline", BEND_STAGE, "its Deploy stage", f"{NETWORK}/Deploy", {}),
    ("codepipeline", "PutActionRevision", "its source", f"{NETWORK}/Source/Bundle", {}),
    ("codepipeline", GIVE, "its approval owners", f"{NETWORK}/Deploy/Approve-owners", {}),
    ("codepipeline", GIVE, "its approval operations", f"{NETWORK}/Deploy/Approve-operations", {}),
    (
        "codepipeline",
        GIVE,
        "the approval owners of access",
        pipeline("access_production-us/Deploy/Approve-owners"),
        {},
    ),
    *(
        ("codepipeline", RUN_PIPELINE, f"the pipeline of {each}", pipeline(f"{each}_production-us"), {})
        for each in INIT_STACKS
    ),
    (
        "codepipeline",
        f"{CHANGE_PIPELINE} {RUN_PIPELINE}",
        "the sync pipeline",
        pipeline("cfnpipe_sync_production-us"),
        {},
    ),
    (
        "codepipeline",
        "RetryStageExecution RollbackStage",
        "the stage Sync of the sync pipeline",
        pipeline("cfnpipe_sync_production-us/Sync"),
        {},
    ),
    (
        "codepipeline",
        f"{CHANGE_PIPELINE} {RUN_PIPELINE} GetPipelineState",
        "a pipeline that is not cfnpipe's",
        pipeline("application"),
        {},
    ),
    ("codepipeline", "GetJobDetails PollForJobs PutJobSuccessResult", "any job", "*", {}),
    ("codebuild", RUN_OR_CHANGE, "Validate", project("validate"), {}),
    ("codebuild", RUN_OR_CHANGE, "Sync", project("sync"), {}),
    ("codebuild", RUN_OR_CHANGE, "Protect", project("protect"), {}),
    ("codebuild", RUN_OR_CHANGE, "Resume", project("resume"), {}),
    ("cloudformation", CHANGE_STACK, "a stack", stack("production-us-network"), CHANGE_SET),
    ("cloudformation", CHANGE_STACK, "a stack, by another name", stack("production-us-network"), OTHER_NAME),
    ("cloudformation", CHANGE_DIRECTLY, "a stack, directly", stack("production-us-network"), {}),
    ("cloudformation", CHANGE_STACK, "access", stack("production-us-access"), CHANGE_SET),
    ("cloudformation", CHANGE_DIRECTLY, "access, directly", stack("production-us-access"), {}),
    ("cloudformation", f"{CHANGE_STACK} CreateStack", "a stack of nobody's", stack("experiment"), CHANGE_SET),
    ("cloudformation", "CreateResource UpdateResource DeleteResource CreateStackSet", "anything", "*", {}),
    ("s3", f"{WRITE_OBJECT} GetObject GetObjectVersion", "a bundle", BUNDLE, {}),
    ("s3", CHANGE_BUCKET, "the source bucket", bucket("source"), {}),
    ("s3", f"{WRITE_OBJECT} GetObject", "a checkout", CHECKOUT, {}),
    ("s3", f"{WRITE_OBJECT} GetObject", "a stack's artifact", ARTIFACT, {}),
    ("s3", CHANGE_BUCKET, "the artifact bucket", bucket("artifacts"), {}),
    ("s3", WRITE_OBJECT, "an access log", bucket("logs", "/2026-01-01"), {}),
    ("s3", CHANGE_BUCKET, "the log bucket", bucket("logs"), {}),
    ("s3", f"{WRITE_OBJECT} GetObject", "an object elsewhere", "arn:aws:s3:::example-data/report.csv", {}),
    ("kms", "Decrypt GenerateDataKey", "the key, by S3", "KEY", BY_S3),
    ("kms", f"Decrypt GenerateDataKey {CHANGE_KEY}", "the key, directly", "KEY", {}),
    ("kms", "CreateAlias DeleteAlias UpdateAlias", "the alias", arn("kms", f"alias/{who('key')}"), {}),
    ("iam", CHANGE_ROLE, "a role of the process", iam(f"role/{who('sync')}"), {}),
    ("iam", CHANGE_POLICY, "a policy for people", iam(f"policy/{who('approver_owners')}"), {}),
    ("iam", "AttachGroupPolicy", "a group, an approver's policy", iam("group/leads"), APPROVER),
    ("iam", "AttachUserPolicy", "a user, an approver's policy", iam("user/somebody"), APPROVER),
    ("iam", f"{CHANGE_ROLE} AddUserToGroup CreateAccessKey", "principals elsewhere", iam("role/app"), {}),
    ("iam", "PassRole", "the stack deployer, to CloudFormation", DEPLOYER, TO_CLOUDFORMATION),
    ("iam", "PassRole", "the stack deployer, to Lambda", DEPLOYER, TO_LAMBDA),
    ("iam", "PassRole", "the init deployer, to CloudFormation", INIT_DEPLOYER, TO_CLOUDFORMATION),
    ("iam", "PassRole", "the role of Sync, to CodeBuild", iam(f"role/{who('sync')}"), TO_CODEBUILD),
    ("iam", "PassRole", "the role of Sync, to Lambda", iam(f"role/{who('sync')}"), TO_LAMBDA),
    ("iam", "PassRole", "a role elsewhere, to Lambda", iam("role/app"), TO_LAMBDA),
    ("sts", "AssumeRole", "the role of Sync", iam(f"role/{who('sync')}"), {}),
    ("events", CHANGE_RULE, "the rule of a stack", arn("events", f"rule/{who('network')}"), {}),
    ("events", "PutEvents", "the bus", arn("events", "event-bus/default"), {}),
    ("sns", f"{CHANGE_TOPIC} Publish", "the topic", arn("sns", who("notify")), {}),
    ("logs", "PutLogEvents DeleteLogStream", "the log of Sync", arn("logs", f"{LOG}:log-stream:a"), {}),
    ("logs", "DeleteLogGroup PutRetentionPolicy", "the log group of Sync", arn("logs", LOG), {}),
    ("codeconnections", "UseConnection PassConnection DeleteConnection", "the connection", CONNECTION, {}),
    ("ec2", POWER, "an instance", arn("ec2", "instance/i-1"), {}),
    ("cloudfront", "CreateInvalidation UpdateDistribution", "a distribution", DISTRIBUTION, {}),
]
"""Service, actions, what it is about, its ARN, and what else the request says."""


def test_the_matrix_is_the_one_that_was_reviewed(golden: Golden) -> None:
    lines = [
        "Who may do what in an environment with the reviews owners and operations.",
        "Who is not named is refused; `denied` are refused even where something else allows it.",
    ]
    for service, actions, what, resource, context in ROWS:
        lines += ["", f"{service} on {what}"]
        for action in actions.split():
            lines.append(f"  {action}: {_decisions(f'{service}:{action}', resource, context)}")
    golden.check(GOLDEN / "access-matrix.txt", "\n".join(lines) + "\n")


def _decisions(action: str, resource: str, context: dict[str, Any]) -> str:
    resource = key() if resource == "KEY" else resource
    decisions = {each: world().ask(who(each), action, resource, **context) for each in everybody()}
    allowed = [each for each, decision in decisions.items() if decision == "allow"]
    denied = [each for each, decision in decisions.items() if decision == "deny"]
    words = ", ".join(allowed) or "nobody"
    if len(allowed) + len(denied) == len(decisions):
        return f"{words}; denied: everybody else"
    return f"{words}; denied: {', '.join(denied)}" if denied else words


@cache
def known_actions() -> tuple[str, ...]:
    """Every action that awacs knows, of every service."""
    found = set()
    for module in pkgutil.iter_modules(awacs.__path__):
        service = importlib.import_module(f"awacs.{module.name}")
        values = vars(service).values()
        found |= {each.JSONrepr() for each in values if isinstance(each, Action) and each.action}
    return tuple(sorted(found))


def _allowed_somewhere(name: str) -> set[str]:
    """Every known action that a principal has on anything at all."""
    patterns = [
        pattern.lower()
        for statement in world().identities[who(name)]
        if statement["Effect"] == "Allow"
        for pattern in several(statement["Action"])
    ]
    return {action for action in known_actions() if any(matches(p, action.lower()) for p in patterns)}


READS = ("Get", "List", "Describe", "BatchGet", "FilterLogEvents")

SECRETS = """
athena:GetQueryResults autoscaling:DescribeLaunchConfigurations cloudformation:DetectStackDrift
cloudfront:GetDistribution cloudfront:GetDistributionConfig cloudfront:ListDistributions
cloudtrail:LookupEvents codecommit:GitPull codecommit:GetFile codepipeline:GetJobDetails
codepipeline:GetThirdPartyJobDetails dynamodb:GetItem dynamodb:Query dynamodb:Scan
ec2:DescribeInstanceAttribute ec2:DescribeLaunchTemplateVersions ec2:DescribeSpotInstanceRequests
ec2:DescribeVpnConnections ec2:GetConsoleOutput ec2:GetConsoleScreenshot ec2:GetLaunchTemplateData
ec2:GetPasswordData ecr:BatchGetImage ecr:GetAuthorizationToken ecr:GetDownloadUrlForLayer
ecs:DescribeTaskDefinition ecs:DescribeTasks ecs:ExecuteCommand glue:GetConnection
iam:GetCredentialReport kinesis:GetRecords kms:Decrypt lambda:GetFunction lambda:GetFunctionConfiguration
lambda:ListFunctions lambda:ListVersionsByFunction rds:DownloadCompleteDBLogFile
rds:DownloadDBLogFilePortion redshift:GetClusterCredentials s3:GetObject s3:GetObjectVersion
secretsmanager:GetSecretValue secretsmanager:BatchGetSecretValue sqs:ReceiveMessage ssm:GetParameter
ssm:GetParameterHistory ssm:GetParameters ssm:GetParametersByPath sts:AssumeRole sts:GetSessionToken
states:GetExecutionHistory
"""


def test_readers_change_nothing() -> None:
    writes = {
        action for action in _allowed_somewhere("reader") if not action.partition(":")[2].startswith(READS)
    }
    assert writes == set()


def test_operators_and_approvers_have_what_they_are_for_and_nothing_else() -> None:
    assert _allowed_somewhere("operator") == {
        "cloudfront:CreateInvalidation",
        "cloudfront:GetInvalidation",
        "cloudfront:ListInvalidations",
        "codepipeline:RetryStageExecution",
        "codepipeline:StartPipelineExecution",
        "codepipeline:StopPipelineExecution",
        "ec2:RebootInstances",
        "ec2:StartInstances",
        "ec2:StopInstances",
    }
    for review in ("owners", "operations"):
        assert _allowed_somewhere(f"approver_{review}") == {"codepipeline:PutApprovalResult"}


@pytest.mark.parametrize("action", SECRETS.split())
def test_nobody_reads_secrets(action: str) -> None:
    for name in PEOPLE:
        assert not any(
            matches(pattern.lower(), action.lower())
            for statement in world().identities[who(name)]
            if statement["Effect"] == "Allow"
            for pattern in several(statement["Action"])
        )


def test_readers_see_contents_of_the_process_only() -> None:
    """Logs, parameters and outputs may hold anything; only this environment's are shown."""
    for action, ours, theirs in [
        ("cloudformation:DescribeStacks", stack("production-us-network"), stack("application")),
        ("cloudformation:DescribeStacks", stack("production-us-network"), stack("production-eu-network")),
        ("codebuild:BatchGetProjects", project("sync"), arn("codebuild", "project/app")),
        (
            "logs:GetLogEvents",
            arn("logs", f"log-group:/aws/codebuild/{who('sync')}:log-stream:a"),
            arn("logs", "log-group:/aws/lambda/app:log-stream:a"),
        ),
        ("codepipeline:GetPipeline", pipeline("network_production-us"), pipeline("application")),
    ]:
        assert world().ask(who("reader"), action, ours) == "allow"
        assert world().ask(who("reader"), action, theirs) == "none"


def test_whoever_may_give_two_approvals_can_give_neither() -> None:
    both = world().identities[who("approver_owners")] + world().identities[who("approver_operations")]
    for review in ("owners", "operations"):
        approval = pipeline(f"network_production-us/Deploy/Approve-{review}")
        request = Request(iam("user/somebody"), "codepipeline:PutApprovalResult", approval)
        assert decide(request, world().identities[who(f"approver_{review}")]) == "allow"
        assert decide(request, both) == "deny"


def test_a_holder_of_approvals_in_two_environments_can_give_both() -> None:
    eu = templates(environment("production-eu"))["access"]
    other = World(ACCOUNT)
    other.deploy(eu)
    both = (
        world().identities[who("approver_owners")] + other.identities[who("approver_owners", "production-eu")]
    )
    for name in ("production-us", "production-eu"):
        approval = pipeline(f"network_{name}/Deploy/Approve-owners")
        request = Request(iam("user/somebody"), "codepipeline:PutApprovalResult", approval)
        assert decide(request, both) == "allow"


SERVICES = ("cloudformation", "codebuild", "codepipeline", "events", "ec2", "ecs-tasks", "lambda", "glue")
PASSES = {
    ("stack-pipelines", "stack-deployer", "cloudformation"),
    ("init-pipelines", "init-deployer", "cloudformation"),
}


def test_roles_are_passed_to_the_services_they_are_for() -> None:
    passed = {
        (holder, role, service)
        for holder in roles.ROLES
        for role in (*roles.ROLES, "elsewhere")
        for service in SERVICES
        if world().ask(
            who(holder),
            "iam:PassRole",
            iam(f"role/{who(role)}"),
            **{"iam:PassedToService": f"{service}.amazonaws.com"},
        )
        == "allow"
    }
    by_init_deployer = {
        ("init-deployer", role, service)
        for role in roles.ROLES
        if role not in DEPLOYERS
        for service in ("codebuild", "codepipeline", "events")
    }
    assert passed == PASSES | by_init_deployer


def test_what_pipelines_projects_and_rules_are_given_are_all_roles_but_the_deployers() -> None:
    assert set(deployers.SERVING) == set(roles.ROLES) - set(DEPLOYERS)


@pytest.mark.parametrize("name", roles.ROLES)
def test_passing_roles_takes_one_statement_with_its_condition(name: str) -> None:
    passing = [
        statement
        for statement in world().identities[who(name)]
        if statement["Effect"] == "Allow" and "iam:PassRole" in several(statement["Action"])
    ]
    expected = 1 if name in ("stack-pipelines", "init-pipelines", "init-deployer") else 0
    assert len(passing) == expected
    for statement in passing:
        assert list(statement["Condition"]) == ["StringEquals"]
        assert list(statement["Condition"]["StringEquals"]) == ["iam:PassedToService"]
        assert not any("*" in resource for resource in statement["Resource"])


def test_roles_trust_one_service_each_and_no_person() -> None:
    trusted = {}
    for name, statements in world().trusts.items():
        (statement,) = statements
        assert statement["Action"] == ["sts:AssumeRole"]
        trusted[name.removeprefix("cfnpipe_production-us_")] = (
            statement["Principal"]["Service"],
            sorted(statement.get("Condition", {})),
        )
    guarded = ["ArnLike", "StringEquals"]
    assert trusted == {
        "sync-pipeline": ("codepipeline.amazonaws.com", []),
        "stack-pipelines": ("codepipeline.amazonaws.com", []),
        "init-pipelines": ("codepipeline.amazonaws.com", []),
        "validate": ("codebuild.amazonaws.com", guarded),
        "sync": ("codebuild.amazonaws.com", guarded),
        "protect": ("codebuild.amazonaws.com", guarded),
        "resume": ("codebuild.amazonaws.com", guarded),
        "events": ("events.amazonaws.com", guarded),
        "stack-deployer": ("cloudformation.amazonaws.com", []),
        "init-deployer": ("cloudformation.amazonaws.com", []),
    }


@pytest.mark.parametrize("name", ["validate", "sync", "protect", "resume", "events"])
def test_services_take_roles_on_for_what_they_belong_to(name: str) -> None:
    (statement,) = world().trusts[who(name)]
    service = statement["Principal"]["Service"]
    owner = (
        arn("events", f"rule/{who('network')}")
        if name == "events"
        else arn("codebuild", f"project/{who(name)}")
    )
    others = [
        arn("events", "rule/other"),
        arn("codebuild", "project/other"),
        arn("codebuild", f"project/{who('x')}"),
    ]
    trust = [{**statement, "Resource": "*"}]

    def taken_on(by: str, account: str = ACCOUNT) -> str:
        context = {"aws:SourceArn": by, "aws:SourceAccount": account}
        return decide(Request(service, "sts:AssumeRole", iam("role/r"), context), (), trust)

    assert taken_on(owner) == "allow"
    assert taken_on(owner, account="444455556666") == "none"
    assert {taken_on(other) for other in others} == {"none"}


ADMINISTRATOR = "somebody-with-administrator-access"


@pytest.fixture
def administered() -> World:
    made = world()
    made.principals[ADMINISTRATOR] = iam("role/administrators")
    made.identities[ADMINISTRATOR] = MANAGED["AdministratorAccess"]
    return made


def _writes(service: str) -> list[str]:
    listed = [action for action in known_actions() if action.startswith(f"{service}:")]
    return [
        action for action in listed if not action.partition(":")[2].startswith(("Get", "List", "Describe"))
    ]


def test_not_even_an_administrator_writes_into_the_buckets(administered: World) -> None:
    for action in _writes("s3"):
        for what in ("source", "artifacts", "logs"):
            assert (
                administered.ask(ADMINISTRATOR, action, bucket(what, "/stacks/network/bundle.zip")) == "deny"
            )
            assert administered.ask(ADMINISTRATOR, action, bucket(what)) == "deny"


def test_nobody_takes_a_version_away() -> None:
    for name in everybody():
        for what in ("source", "artifacts", "logs"):
            there = bucket(what, "/stacks/network/bundle.zip")
            assert world().ask(who(name), "s3:DeleteObjectVersion", there) == "deny"


def test_only_those_who_write_artifacts_say_more_than_their_bytes() -> None:
    """A connection's source action tags what it writes and sets an ACL, which gives nothing."""
    for action in ("s3:PutObjectAcl", "s3:PutObjectTagging"):
        assert world().ask(who("sync-pipeline"), action, CHECKOUT) == "allow"
        assert world().ask(who("sync"), action, CHECKOUT) == "deny"
        assert world().ask(who("sync"), action, BUNDLE) == "deny"


def test_only_the_init_deployer_puts_an_end_to_the_key(administered: World) -> None:
    for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion"):
        assert administered.ask(ADMINISTRATOR, action, key()) == "deny"
        assert administered.ask(who("init-deployer"), action, key()) == "allow"
    assert administered.ask(ADMINISTRATOR, "kms:PutKeyPolicy", key()) == "allow"


@cache
def without_resources() -> frozenset[str]:
    """Every action that knows no resource, which only a statement about `*` can allow."""
    specifications = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    services = json.loads(specifications.read_text("utf-8"))
    return frozenset(
        f"{service}:{action}"
        for service, known in services.items()
        for action, found in known["Actions"].items()
        if not found.get("Resources")
    )


def test_what_knows_no_resource_is_allowed_on_everything_or_not_at_all() -> None:
    assert {"logs:describeindexpolicies", "kms:listkeys"} <= without_resources()
    for name in everybody():
        for statement in world().identities[who(name)]:
            if statement["Effect"] == "Allow" and several(statement["Resource"]) != ["*"]:
                idle = {action.lower() for action in several(statement["Action"])} & without_resources()
                assert idle == set(), (name, statement["Sid"])


def test_buckets_take_nothing_without_encryption_on_the_way() -> None:
    there = bucket("source", "/stacks/network/bundle.zip")
    assert world().ask(who("sync"), "s3:PutObject", there) == "allow"
    assert world().ask(who("sync"), "s3:PutObject", there, **{"aws:SecureTransport": "false"}) == "deny"


def test_only_log_delivery_of_this_account_writes_logs() -> None:
    policy = world().policy_of(bucket("logs"))
    context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:SecureTransport": "true",
        "aws:SourceAccount": ACCOUNT,
        "aws:SourceArn": bucket("source"),
        "aws:PrincipalArn": None,
    }
    present = {name: value for name, value in context.items() if value}

    def write(**changes: str) -> str:
        request = Request("logging.s3.amazonaws.com", "s3:PutObject", bucket("logs", "/a"), present | changes)
        return decide(request, (), policy)

    assert write() == "allow"
    assert write(**{"aws:SourceAccount": "444455556666"}) == "none"
    assert write(**{"aws:SourceArn": "arn:aws:s3:::example-data"}) == "none"


def test_a_bucket_of_somebody_else_is_of_no_use() -> None:
    there = bucket("source", "/stacks/network/bundle.zip")
    for name, action in [("sync", "s3:PutObject"), ("stack-pipelines", "s3:GetObject")]:
        request = Request(iam(f"role/{who(name)}"), action, there, {"aws:ResourceAccount": "444455556666"})
        assert decide(request, world().identities[who(name)]) == "none"


def test_events_mails_through_the_encrypted_topic() -> None:
    topic = arn("sns", who("notify"))
    for action, there in (("sns:Publish", topic), ("kms:Decrypt", key()), ("kms:GenerateDataKey", key())):
        request = Request("events.amazonaws.com", action, there, {"aws:SecureTransport": "true"})
        assert decide(request, (), world().policies[there]) == "allow"


def test_the_stack_deployer_leaves_alone_what_cfnpipe_owns() -> None:
    """Whatever the action: those of tomorrow are not in any list."""
    for owned in _owned(world()):
        for action in ("iam:PutRolePolicy", "tomorrow:DoSomething"):
            assert world().ask(who("stack-deployer"), action, owned) == "deny", owned
    for init_stack in INIT_STACKS:
        there = stack(f"production-us-{init_stack}")
        assert world().ask(who("stack-deployer"), "cloudformation:UpdateStack", there) == "deny"


def test_the_stack_deployer_leaves_people_the_connection_and_the_logs_of_the_account_alone() -> None:
    made = account("groups")
    deployer = who("stack-deployer")
    for group in ("engineers", "operators", "leads", "teams/leads"):
        for action in ("AddUserToGroup", "PutGroupPolicy", "DeleteGroup"):
            assert made.ask(deployer, f"iam:{action}", iam(f"group/{group}")) == "deny"
    assert made.ask(deployer, "iam:AddUserToGroup", iam("group/others")) == "none"
    for spelled in sources.both_spellings(CONNECTION):
        service = spelled.split(":")[2]
        assert world().ask(deployer, f"{service}:DeleteConnection", spelled) == "deny"
        assert world().ask(deployer, f"{service}:DeleteConnection", f"{spelled[:-1]}0") == "allow"
    for action in ("PutAccountPolicy", "DeleteAccountPolicy"):
        assert world().ask(deployer, f"logs:{action}", "*") == "deny"


def test_the_stack_deployer_does_the_rest() -> None:
    for action, there in [
        ("ec2:CreateVpc", arn("ec2", "vpc/*")),
        ("iam:CreateRole", iam("role/app")),
        ("iam:PassRole", iam("role/app")),
        ("s3:CreateBucket", "arn:aws:s3:::example-data"),
        ("codepipeline:CreatePipeline", pipeline("application")),
        ("kms:CreateKey", "*"),
    ]:
        assert world().ask(who("stack-deployer"), action, there) == "allow"


def _owned(of: World, name: str = ENVIRONMENT) -> list[str]:
    """The ARNs of everything of an environment's that has one, and of objects in its buckets."""
    made = [each for each in of.arns if name in each and ":key/" not in each]
    assert {each.split(":")[2] for each in made} >= {
        "iam",
        "s3",
        "sns",
        "codebuild",
        "codepipeline",
        "events",
    }
    return [*made, *(f"{each}/a" for each in made if ":s3:" in each)]


@cache
def neighbours() -> World:
    """Two environments in one account and region; `World` refuses a name that is there twice."""
    made = World(ACCOUNT)
    for name in ("production-us", "staging"):
        for template in templates(environment(name)).values():
            made.deploy(template)
    return made


def test_environments_in_one_account_share_no_name_and_reach_nothing_of_each_other() -> None:
    both = neighbours()
    for here, there in (("production-us", "staging"), ("staging", "production-us")):
        targets = [*(each for each in both.arns if there in each), stack(f"{there}-network")]
        targets.append(pipeline(f"network_{there}/Deploy/Approve-owners"))
        for name in {*roles.ROLES, *PEOPLE} - {"stack-deployer"}:
            for statement in both.identities[who(name, here)]:
                if statement["Effect"] == "Allow" and statement["Sid"] not in ("SeeAccount", "Lists"):
                    reached = _reached(both, who(name, here), statement, targets)
                    assert reached == [], (name, statement)


def _reached(of: World, name: str, statement: dict[str, Any], targets: list[str]) -> list[str]:
    context = {"kms:ViaService": f"s3.{US}.amazonaws.com", "cloudformation:ChangeSetName": "cfnpipe"}
    return [
        target
        for target in targets
        for action in several(statement["Action"])
        if of.ask(name, action.replace("*", "Anything"), target, **context) == "allow"
    ]


def test_the_stack_deployer_leaves_other_environments_of_the_account_alone() -> None:
    for owned in _owned(neighbours(), "staging"):
        assert neighbours().ask(who("stack-deployer"), "tomorrow:DoSomething", owned) == "deny", owned
    for name, settings in environment("staging").stacks.items():
        tags = {f"aws:ResourceTag/{tag}": value for tag, value in settings.tags.items()}
        change = ("cloudformation:UpdateStack", stack(f"staging-{name}"))
        decision = neighbours().ask(who("stack-deployer"), *change, **tags)
        assert decision == ("deny" if name in INIT_STACKS else "allow"), name


def test_groups_are_given_policies_of_their_own_environment_only() -> None:
    for name, expected in ((ENVIRONMENT, "allow"), ("staging", "none")):
        policy = {"iam:PolicyARN": iam(f"policy/{who('reader', name)}")}
        assert (
            world().ask(who("init-deployer"), "iam:AttachGroupPolicy", iam("group/g"), **policy) == expected
        )


def test_a_stack_that_retires_can_be_deleted_and_no_other() -> None:
    retiring = World(ACCOUNT)
    retiring.deploy(shape("retired")["access"])
    for made, deleted in ((world(), []), (retiring, ["orders-database"])):
        for name in ("network", "orders-database", "access"):
            there = stack(f"production-us-{name}")
            decision = made.ask(who("stack-pipelines"), "cloudformation:DeleteStack", there)
            assert (decision == "allow") == (name in deleted)
