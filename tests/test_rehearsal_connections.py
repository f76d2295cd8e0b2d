"""Connections to Git hosts in the rehearsal, as CodeConnections has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.completed_aws import started
from tests.local_aws import ACCOUNT, REGION
from tests.test_rehearsal import run
from tests.test_rehearsal_cloudformation import refused

if TYPE_CHECKING:
    from tests.completed_aws import CompletedAws


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_they_are_pending_when_they_are_made(aws: CompletedAws, service: str) -> None:
    client = aws.client(service, "eu-west-2")
    tags = [{"Key": "Of", "Value": "orders"}]
    made = client.create_connection(ConnectionName="orders", ProviderType="GitLab", Tags=tags)
    arn = made["ConnectionArn"]
    assert arn.startswith(f"arn:aws:{service}:eu-west-2:{ACCOUNT}:connection/")
    told = {
        "ConnectionArn": arn,
        "ConnectionName": "orders",
        "ConnectionStatus": "PENDING",
        "OwnerAccountId": ACCOUNT,
        "ProviderType": "GitLab",
    }
    assert client.get_connection(ConnectionArn=arn)["Connection"] == told
    assert client.list_connections(ProviderTypeFilter="GitLab")["Connections"] == [told]
    assert client.list_connections(ProviderTypeFilter="GitHub")["Connections"] == []
    assert aws.client(service, REGION).list_connections()["Connections"] == []
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "More", "Value": "1"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["Of"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "More", "Value": "1"}]
    aws.inside("connect", arn)
    assert client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"] == "AVAILABLE"
    client.delete_connection(ConnectionArn=arn)
    with pytest.raises(ClientError) as error:
        client.get_connection(ConnectionArn=arn)
    assert refused(error) == f"ResourceNotFoundException: Connection {arn} not found"


def test_a_bootstrap_waits_until_somebody_completes_one() -> None:
    done = run("-m", "tests.handshake")
    assert (done.returncode, done.stdout) == (0, "without_waiting: ok\nwaiting: ok\n"), done.stderr
