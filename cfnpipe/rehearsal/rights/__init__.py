"""IAM on one machine: every call is evaluated against the policies that are really deployed.

`Gate` stands before the local server. `caller`, `calling`, `assume` and `check` are for what acts inside of
it and makes no HTTP call; `handler_denied` is for the resource operations of CloudFormation.
"""

from cfnpipe.rehearsal.rights.credentials import Credentials, Unknown, assume, caller, calling
from cfnpipe.rehearsal.rights.decisions import Denied, check
from cfnpipe.rehearsal.rights.gate import Gate
from cfnpipe.rehearsal.rights.handlers import Operation, handler_denials, handler_denied

__all__ = [
    "Credentials",
    "Denied",
    "Gate",
    "Operation",
    "Unknown",
    "assume",
    "caller",
    "calling",
    "check",
    "handler_denials",
    "handler_denied",
]
