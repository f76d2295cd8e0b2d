"""The actions, each done by calls to the local AWS with the role of the action."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cfnpipe.rehearsal.codepipeline.actions import approval, builds, objects, repositories, stacks
from cfnpipe.rehearsal.codepipeline.actions.job import Job
from cfnpipe.rehearsal.codepipeline.clients import Clients
from cfnpipe.rehearsal.codepipeline.faults import ActionFailed
from cfnpipe.rehearsal.codepipeline.rights import Denied
from cfnpipe.rehearsal.codepipeline.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from cfnpipe.rehearsal.codepipeline.site import Site
    from cfnpipe.rehearsal.codepipeline.states import ActionRun

__all__ = ["perform"]

_LOG = logging.getLogger(__name__)
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_PERFORM: dict[tuple[str, str], Callable[[Job], Outcome | None]] = {
    ("Source", "S3"): objects.fetch,
    ("Source", "CodeStarSourceConnection"): repositories.connection,
    ("Source", "CodeCommit"): repositories.codecommit,
    ("Build", "CodeBuild"): builds.run,
    ("Test", "CodeBuild"): builds.run,
    ("Deploy", "CloudFormation"): stacks.run,
    ("Approval", "Manual"): approval.request,
}


def perform(run: ActionRun, arn: str, site: Site) -> Outcome | None:
    """Do an action of the pipeline with this ARN; return how it ended, or None for an approval that waits."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        role = site.rights.assume(run.action.role, "codepipeline.amazonaws.com", run.id.replace("-", ""))
        aws = Clients(site.endpoint, arn.split(":")[3], role)
        return _PERFORM[run.action.kind](Job(run, arn, site, aws))
    except ActionFailed as failed:
        return Outcome(
            error=failed.code, message=failed.message, external=failed.external or _own(run), url=failed.url
        )
    except Denied as denied:
        return Outcome(error="PermissionError", message=denied.message, external=_own(run))
    except ClientError as error:
        return _refused(run, error.response.get("Error", {}))
    except BotoCoreError as error:
        return Outcome(error="SystemUnavailable", message=str(error), external=_own(run))
    except Exception as error:  # noqa: BLE001 - a bug here must not leave an action in progress for ever
        _LOG.exception("action %s of %s", run.action.name, arn)
        return Outcome(error="InternalError", message=f"{type(error).__name__}: {error}", external=_own(run))


def _refused(run: ActionRun, error: dict[str, str]) -> Outcome:
    code, text = error.get("Code", ""), error.get("Message", "")
    if code in _DENIED:
        kind = "PermissionError"
    else:
        kind = "JobFailed" if run.action.kind[0] in {"Deploy", "Build", "Test"} else "ConfigurationError"
    return Outcome(error=kind, message=f"{text} ({code})" if text else code, external=_own(run))


def _own(run: ActionRun) -> str:
    """Return the id that history shows for an approval: its own."""
    return run.id if run.action.is_approval else ""
