"""CodeConnections: whether a connection can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.aws.errors import expected
from cfnpipe.model.deployment import Connection

if TYPE_CHECKING:
    from cfnpipe.aws.session import Session


def connection(session: Session, arn: str) -> Connection:
    """Return a connection by its ARN; the older service, codestar-connections, knows the older ARNs.

    Raise `AwsError` if there is none, or CodeConnections refuses.
    """
    service = arn.split(":")[2]
    with expected(f"{service}:GetConnection", arn):
        told = session.client(service).get_connection(ConnectionArn=arn)["Connection"]
    return Connection(arn, told.get("ConnectionName", ""), told["ConnectionStatus"])
