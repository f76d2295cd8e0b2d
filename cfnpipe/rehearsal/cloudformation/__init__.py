"""CloudFormation, completed: what AWS refuses, tells and knows, and ministack does not.

```
request ─▶ requests ─▶ templates ─▶ ministack's stacks ─▶ operations ─▶ ministack's resources
              │            └ placeholders   │                └ checks: identifiers, properties, principals, …
              ├ parameters, addresses       ├─▶ events ─▶ reports
              └ submissions ─▶ validation   ├─▶ exports
                    └ changes               └─▶ rollbacks
```

What types are and have comes from `schemas`. Beside all this stand `groups`, the one type that only
ministack's IAM knows, and what other services tell of a stack's doings: `mails` of SNS, `uploads` of S3.

`install()` is called once, before the server starts.
"""

from cfnpipe.rehearsal.cloudformation.install import Formation, install
from cfnpipe.rehearsal.cloudformation.mails import Mail
from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation
from cfnpipe.rehearsal.cloudformation.placeholders import Placeholder

__all__ = ["Formation", "Mail", "Placeholder", "ResourceOperation", "install"]
