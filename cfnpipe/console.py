"""Addresses of pages in the AWS console."""

from __future__ import annotations

from urllib.parse import quote


def execution(region: str, pipeline: str, execution_id: str) -> str:
    """Return the page of a pipeline's execution, which shows the commit."""
    path = f"codesuite/codepipeline/pipelines/{pipeline}/executions/{execution_id}/timeline"
    return f"https://{region}.{_host(region)}/{path}?region={region}"


def pipeline(region: str, name: str) -> str:
    """Return the page of a pipeline."""
    path = f"codesuite/codepipeline/pipelines/{name}/view"
    return f"https://{region}.{_host(region)}/{path}?region={region}"


def change_set(region: str, stack_id: str, change_set_id: str) -> str:
    """Return the page of a change set. Both are ARNs."""
    which = f"stackId={quote(stack_id, safe='')}&changeSetId={quote(change_set_id, safe='')}"
    path = f"cloudformation/home?region={region}#/stacks/changesets/changes?{which}"
    return f"https://{region}.{_host(region)}/{path}"


def connections(region: str) -> str:
    """Return the page of the connections of a region, where a new one is completed."""
    return f"https://{region}.{_host(region)}/codesuite/settings/connections?region={region}"


def _host(region: str) -> str:
    if region.startswith("cn-"):
        return "console.amazonaws.cn"
    return "console.amazonaws-us-gov.com" if region.startswith("us-gov-") else "console.aws.amazon.com"
