"""The topic that mails reviews and outcomes, and the rule that tells it how executions ended."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import awacs.sns
from awacs.aws import Allow, Bool, Deny, Principal, Statement
from troposphere import GetAtt, Ref
from troposphere.events import InputTransformer, Rule, Target
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from cfnpipe import console, names
from cfnpipe.blueprints import parts

if TYPE_CHECKING:
    from troposphere.kms import Key

    from cfnpipe.model import Environment


def topic(environment: Environment, key: Key) -> Topic:
    """Return the topic. Mails come from its display name."""
    return Topic(
        "Topic",
        TopicName=names.topic(environment.name),
        DisplayName=f"cfnpipe {environment.name}",
        KmsMasterKeyId=GetAtt(key, "Arn"),
        Tags=parts.tags(environment, "sync"),
    )


def subscriptions(environment: Environment, to: Topic) -> list[SubscriptionResource]:
    """Return a subscription for each address, whose ids do not change when others come or go."""
    return [
        SubscriptionResource(
            f"Mail{hashlib.sha256(address.encode()).hexdigest()[:8]}",
            Protocol="email",
            Endpoint=address,
            TopicArn=Ref(to),
        )
        for address in environment.notify
    ]


def topic_policy(of: Topic) -> TopicPolicy:
    """Return who may publish besides the pipelines, which IAM allows: EventBridge.

    SNS gets no key from EventBridge that says for whom it acts, so there is nothing to demand.
    """
    publish = [awacs.sns.Publish]
    statements = [
        Statement(
            Sid="Outcomes",
            Effect=Allow,
            Principal=Principal("Service", "events.amazonaws.com"),
            Action=publish,
            Resource=[Ref(of)],
        ),
        Statement(
            Sid="EncryptedOnly",
            Effect=Deny,
            Principal=Principal("*"),
            Action=publish,
            Resource=[Ref(of)],
            **parts.condition(Bool("aws:SecureTransport", "false")),
        ),
    ]
    return TopicPolicy("TopicPolicy", Topics=[Ref(of)], PolicyDocument=parts.document(*statements))


def outcomes(environment: Environment, to: Topic) -> Rule:
    """Return the one rule that mails what became of every execution of this environment's pipelines."""
    link = console.execution(environment.region, "<pipeline>", "<execution>")
    mailed = InputTransformer(
        InputPathsMap={
            "pipeline": "$.detail.pipeline",
            "state": "$.detail.state",
            "execution": "$.detail.execution-id",
        },
        InputTemplate=f'"<pipeline>: <state>. Environment {environment.name}."\n"{link}"',
    )
    pattern = {
        "source": ["aws.codepipeline"],
        "account": [Ref("AWS::AccountId")],
        "detail-type": ["CodePipeline Pipeline Execution State Change"],
        "detail": {
            "pipeline": [{"suffix": names.pipeline(environment.name, "")}],
            "state": ["CANCELED", "FAILED", "STOPPED", "SUCCEEDED"],
        },
    }
    return Rule(
        "OutcomesRule",
        Name=names.owned(environment.name, "mail_outcomes"),
        Description=f"Mails how pipeline executions ended. Environment {environment.name}.",
        State="ENABLED",
        EventPattern=pattern,
        Targets=[Target(Id="mail", Arn=Ref(to), InputTransformer=mailed)],
        Tags=parts.tags(environment, "sync"),
    )
