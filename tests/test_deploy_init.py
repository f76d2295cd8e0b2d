"""What `cfnpipe deploy-init` says before it asks AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cfnpipe.model import INIT_STACKS

if TYPE_CHECKING:
    from tests.conftest import Repository


@pytest.mark.parametrize(
    ("region", "profile", "code", "error"),
    [
        ("cn-north-1", "", 0, ""),
        ("us-gov-west-1", "", 0, ""),
        ("xx-moon-7", "", 3, "error: no partition of AWS has a region xx-moon-7"),
        ("us-east-1", "gone", 3, "error: sts:GetCallerIdentity on the profile: The config profile (gone)"),
    ],
)
def test_the_policy_is_of_the_partition_of_the_region(
    repository: Repository, region: str, profile: str, code: int, error: str
) -> None:
    partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(region, "aws")
    connection = f"arn:{partition}:codeconnections:{region}:111122223333:connection/0a1b2c3d-0a1b-0a1b-0a1b"
    repository.write(
        "config/test.yaml",
        f"environment: test\naccount: '111122223333'\nregion: {region}\nnotify: [a@example.com]\n"
        f"review: [owners]\nsource: {{provider: github, connection: '{connection}-0a1b2c3d4e5f',"
        " repository: example/infrastructure, branch: master}\nstacks: {network: {}}\n",
    )
    for name in INIT_STACKS:
        repository.write(f"templates/{name}.py", "")
    more = ("--profile", profile) if profile else ()
    done = repository.run("deploy-init", "test", "--policy", *more)
    assert (done.code, done.err[: len(error) or None]) == (code, error), done.err
    if not code:
        json.loads(done.out)
        assert f'"arn:{partition}:' in done.out
        assert '"arn:aws:' not in done.out


@pytest.mark.parametrize("more", [(), ("--policy",)])
def test_without_a_source_there_is_nothing_to_set_up(repository: Repository, more: tuple[str, ...]) -> None:
    done = repository.run("deploy-init", "test", *more)
    said = "config/test.yaml:1:1: error: test has no source, so it has no init stacks\n"
    hint = "  hint: its stacks are changed with: cfnpipe deploy test\n"
    assert (done.code, done.out, done.err) == (2, "", said + hint)
