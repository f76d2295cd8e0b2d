"""The init stack `sync`: the key, the buckets, the topic, the builds, and the two pipelines at the root.

They are the sync pipeline, from Git to S3, and the pipeline of `pipelines`, which cannot stand in
`pipelines`: a pipeline that changes its own definition cancels itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from troposphere import GetAtt, Ref, Template
from troposphere.events import Rule

from cfnpipe import names
from cfnpipe.blueprints import (
    builds,
    found,
    mail,
    parts,
    pipeline,
    roles,
    sources,
    stack_pipeline,
    storage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from troposphere.codepipeline import Pipeline

    from cfnpipe.model import Environment

DESCRIPTION = "What carries changes from Git to S3, and what every stack's pipeline needs."

_HERE = found.Found(
    source=Ref("SourceBucket"),
    artifacts=Ref("ArtifactBucket"),
    key=GetAtt("Key", "Arn"),
    topic=Ref("Topic"),
    protect=Ref("ProtectProject"),
    resume=Ref("ResumeProject"),
)
_SHARED = {
    "source": "The bucket of the bundles.",
    "artifacts": "The bucket of the pipelines' artifacts.",
    "key": "The key of bundles, artifacts, mails and build logs.",
    "topic": "The topic that mails reviews and outcomes.",
    "protect": "The project that protects stacks.",
    "resume": "The project that starts the sync pipeline.",
}


_FIRST = (
    "ArtifactBucketPolicy",
    "KeyAlias",
    "LogBucketPolicy",
    "OutcomesRule",
    "PipelinesRule",
    "SourceBucketPolicy",
    "TopicPolicy",
)
"""What the sync pipeline's first run needs beyond what the pipeline refers to: CodePipeline starts a
pipeline as soon as it has made it, roles reach the key by its alias, and its bundle starts `pipelines`."""


def template(environment: Environment, buildspecs: Mapping[str, str], lock: bytes) -> Template:
    """Return the template of `sync`.

    `buildspecs`: the text for each of `builds.PROJECTS`; `lock`: the lock file.
    Raise `BadInput` for an environment without a source, or a lock that takes in other files.
    """
    sources.source(environment)
    made = parts.template(environment, DESCRIPTION)
    key = made.add_resource(storage.key(environment))
    made.add_resource(storage.alias(environment, key))
    made.add_resource(storage.buckets(environment, key))
    topic = made.add_resource(mail.topic(environment, key))
    made.add_resource(mail.topic_policy(topic))
    made.add_resource(mail.subscriptions(environment, topic))
    made.add_resource(mail.outcomes(environment, topic))
    digest = builds.digest(environment, lock)
    for what in builds.PROJECTS:
        made.add_resource(builds.log_group(environment, what, key))
        made.add_resource(builds.project(environment, what, buildspecs[what], digest, key))
    own = made.add_resource(_sync_pipeline(environment))
    made.add_resource(_start(environment, own))
    made.add_resource(stack_pipeline.resources(environment, "sync", "pipelines", _HERE))
    for what, description in _SHARED.items():
        value = getattr(_HERE, what)
        made.add_output(parts.exported(environment, found.EXPORTS[what], value, description))
    return made


def _sync_pipeline(environment: Environment) -> Pipeline:
    """Return the pipeline from Git to S3, which runs again when its own definition has changed.

    Sync is told its execution, of which it asks CodePipeline for the commit.
    """
    checkout = pipeline.source("Checkout", sources.provider(environment), sources.configuration(environment))
    validate = pipeline.build("Validate", Ref(builds.title("validate")), "Checkout")
    execution = {"CFNPIPE_EXECUTION": "#{codepipeline.PipelineExecutionId}"}
    sync = pipeline.build("Sync", Ref(builds.title("sync")), "Checkout", **execution)
    stages = [
        pipeline.stage(names.SOURCE, [checkout], ordered=False),
        pipeline.stage(names.VALIDATE, [validate]),
        pipeline.stage(names.SYNC, [sync]),
    ]
    return pipeline.pipeline(
        "SyncPipeline",
        names.sync_pipeline(environment.name),
        parts.imported(environment, roles.title("sync-pipeline")),
        _HERE,
        stages,
        DependsOn=list(_FIRST),
        RestartExecutionOnUpdate=True,
        Tags=parts.tags(environment, "sync"),
    )


def _start(environment: Environment, own: Pipeline) -> list[Rule]:
    """Return the rule that starts the sync pipeline, where the source does not do so itself."""
    pattern = sources.changed(environment)
    if pattern is None:
        return []
    rule = Rule(
        "SyncRule",
        Name=names.owned(environment.name, "start_sync"),
        Description=f"Starts {own.Name} when the source changes.",
        State="ENABLED",
        EventPattern=pattern,
        Targets=[pipeline.target(environment, own)],
        Tags=parts.tags(environment, "sync"),
    )
    return [rule]
