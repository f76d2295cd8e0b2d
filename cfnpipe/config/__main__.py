"""`python -m cfnpipe.config` prints the JSON Schema: `make` keeps it as `docs/config.schema.json`."""

import json
import sys

from cfnpipe.config import schema

sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
