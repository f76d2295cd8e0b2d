"""The one door to AWS: typed calls that return model objects.

Pagination, retries and everything that botocore raises end here. One module a service; `Session` makes
the clients, `expected` turns their errors into one clear line.
"""

from cfnpipe.aws.errors import AwsError, expected
from cfnpipe.aws.s3 import Bucket
from cfnpipe.aws.session import Access, Session
from cfnpipe.model.deployment import Identity

__all__ = ["Access", "AwsError", "Bucket", "Identity", "Session", "expected"]
