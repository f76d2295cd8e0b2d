"""The command line: parse, call one function, show what came of it.

Commands import what they need when they run, so that help, completion and errors are instant.
"""

from __future__ import annotations

import click

from cfnpipe import __version__
from cfnpipe.cli.boundary import Boundary
from cfnpipe.cli.deploy import deploy
from cfnpipe.cli.deploy_init import deploy_init
from cfnpipe.cli.rehearse import rehearse
from cfnpipe.cli.render import render
from cfnpipe.cli.start import start
from cfnpipe.cli.sync import sync
from cfnpipe.cli.validate import validate


@click.group(cls=Boundary, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cfnpipe")
@click.option("--debug", is_flag=True, help="Show the traceback of a bug.")
def main(debug: bool) -> None:
    """Change AWS only through Git, a reviewed change set and an approval."""


main.add_command(deploy)
main.add_command(deploy_init)
main.add_command(rehearse)
main.add_command(render)
main.add_command(start)
main.add_command(sync)
main.add_command(validate)
