"""CodePipeline, executed: the real rendered definitions, action by action, in the local AWS of this process.

```
request ─▶ api ─▶ machine (pure) ─▶ effects ─▶ runner ─▶ actions ─▶ local AWS over HTTP
 resource ─▶┘        ▲                            │  └──▶ events ─▶ EventBridge
 rule's target ──────┴──────── outcome ◀──────────┘
```
"""

from cfnpipe.rehearsal.codepipeline.install import install
from cfnpipe.rehearsal.codepipeline.rights import Credentials, Denied, Rights, Root
from cfnpipe.rehearsal.codepipeline.runner import Runner

__all__ = ["Credentials", "Denied", "Rights", "Root", "Runner", "install"]
