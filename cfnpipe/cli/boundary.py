"""The one place where errors end: each becomes lines on standard error and an exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import click

from cfnpipe import __version__
from cfnpipe.cli import options, signals
from cfnpipe.errors import CfnpipeError

BUG = 70
INTERRUPTED = 130

_SHORT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_MACHINE = "look for a full disk, a limit of the shell (ulimit -a), or a working directory that is gone"


class Boundary(click.Group):
    """A group of commands in which no error that a user can cause shows a traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the program, also where a standard stream is closed: then nobody is there, and nobody looks."""
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # so each gets its own number
            if getattr(sys, name) is None:
                setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - to the end
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Exit 1 to 4 as `errors` says, 70 for a bug, 128 and its number for a signal."""
        try:
            with signals.ending():
                return super().invoke(ctx)
        except CfnpipeError as error:
            _show(ctx, error)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, EOFError, click.Abort):  # the last two end a question
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except signals.Ended as end:
            with contextlib.suppress(OSError):  # The terminal may be gone.
                click.echo("interrupted", err=True)
            ctx.exit(128 + end.number)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except OSError as error:
            if not _is_the_machines(error):
                _report_bug(debug=ctx.params["debug"])
                ctx.exit(BUG)
            _show(ctx, CfnpipeError(f"the system refuses: {error.strerror}", hint=_MACHINE))
            ctx.exit(CfnpipeError.exit_code)
        except Exception:  # noqa: BLE001 - whatever it is, the user gets one line
            _report_bug(debug=ctx.params["debug"])
            ctx.exit(BUG)


def _show(context: click.Context, error: CfnpipeError) -> None:
    from cfnpipe import view

    options.show_problems(context, error.problems)
    if options.form_of(context) == "json":
        view.show_json(view.output(), view.document.validation(error.problems))


def _is_the_machines(error: OSError) -> bool:
    """Tell whether an error can come to any program: what is full, too many, or no longer there.

    Without a file name it is the working directory, or a folder for temporary files.
    """
    return error.errno in _SHORT or (error.errno == errno.ENOENT and error.filename is None)


def _report_bug(*, debug: bool) -> None:
    trace = traceback.format_exc()
    if debug:
        click.echo(trace, err=True)
    hint = "please report it with what --debug shows"
    with (
        contextlib.suppress(OSError),
        tempfile.NamedTemporaryFile(
            "w", prefix="cfnpipe-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file,
    ):
        file.write(f"cfnpipe {__version__}\n{trace}")
        hint = f"please report it with the file {file.name}"
    click.echo(f"error: this is a bug in cfnpipe: {trace.strip().splitlines()[-1]}", err=True)
    click.echo(f"  hint: {hint}", err=True)
