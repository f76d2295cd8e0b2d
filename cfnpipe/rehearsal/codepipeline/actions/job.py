"""What an action is given to do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe.rehearsal.codepipeline.site import Scope
from cfnpipe.rehearsal.codepipeline.states import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.codepipeline.clients import Clients
    from cfnpipe.rehearsal.codepipeline.site import Site
    from cfnpipe.rehearsal.codepipeline.states import ActionRun


@dataclass(frozen=True)
class Job:
    """One attempt at one action, with the clients of its role."""

    run: ActionRun
    """The attempt."""
    arn: str
    """The pipeline's ARN."""
    site: Site
    """Where it is done."""
    aws: Clients
    """Clients with the role's credentials."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The action's configuration, variables resolved."""
        return self.run.resolved

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self.run.execution.definition.name

    @property
    def scope(self) -> Scope:
        """The pipeline's account and region."""
        _, _, _, region, account, *_ = self.arn.split(":")
        return Scope(account, region)

    def override(self, kind: str) -> str:
        """Return which revision of a kind, such as `COMMIT_ID`, this source action is to fetch, or ''."""
        return self.run.execution.overrides.get(self.run.action.name, {}).get(kind, "")

    def fetch(self, name: str) -> bytes:
        """Return an input artifact."""
        made = self.run.inputs[name]
        body: bytes = self.aws("s3").get_object(Bucket=made.bucket, Key=made.key)["Body"].read()
        return body

    def keep(self, content: bytes) -> dict[str, Artifact]:
        """Put the one output artifact into the pipeline's store.

        Its key begins with 20 characters of the pipeline's name, as recorded answers show.
        """
        (name,) = self.run.action.outputs
        return {name: self.put(f"{self.pipeline[:20]}/{name[:10]}/{uuid.uuid4().hex[:7]}", content)}

    def put(self, key: str, content: bytes) -> Artifact:
        """Put something into the pipeline's store."""
        store = self.run.execution.definition.store
        encryption = {}
        if "encryptionKey" in store:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": store["encryptionKey"]["id"]}
        self.aws("s3").put_object(Bucket=store["location"], Key=key, Body=content, **encryption)
        return Artifact(store["location"], key)
