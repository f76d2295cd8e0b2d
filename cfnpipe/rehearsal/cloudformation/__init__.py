"""CloudFormation, completed: what AWS refuses, tells and knows, and ministack does not.

```
request ─▶ requests ─▶ templates ─▶ ministack's stacks ─▶ operations ─▶ ministack's resources
              │            └ placeholders   │                └ checks
              └ changes                     ├─▶ events
                                            ├─▶ exports
                                            └─▶ rollbacks
```

`install()` is called once, before the server starts.
"""

from cfnpipe.rehearsal.cloudformation.install import Formation, install
from cfnpipe.rehearsal.cloudformation.mails import Mail
from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation
from cfnpipe.rehearsal.cloudformation.placeholders import Placeholder

__all__ = ["Formation", "Mail", "Placeholder", "ResourceOperation", "install"]
