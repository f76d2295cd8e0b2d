"""Changing stacks directly: the init stacks once, by hand, and an engineer's own at any time.

rendered ──▶ Submission ──▶ bring ──▶ stack on AWS       one stack: `bring`, from whatever state it is in
deploy-init:  access ──▶ sync ──▶ connection ──▶ sync pipeline ──▶ pipeline of `pipelines`, up to its approval
deploy:       stacks in the order in which they need each other

What is done next is told by what is on AWS, never by a file; so every command continues where the last one
ended.
"""

from cfnpipe.deploy import checks
from cfnpipe.deploy.bootstrap import Bootstrap, bootstrap
from cfnpipe.deploy.develop import Development, choose, develop
from cfnpipe.deploy.dialogue import Dialogue
from cfnpipe.deploy.handover import Process
from cfnpipe.deploy.operation import Cloud

__all__ = [
    "Bootstrap",
    "Cloud",
    "Development",
    "Dialogue",
    "Process",
    "bootstrap",
    "checks",
    "choose",
    "develop",
]
