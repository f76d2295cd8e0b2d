"""The console script `cfnpipe`, and `python -m cfnpipe`."""

from cfnpipe.cli import main

if __name__ == "__main__":
    main(prog_name="cfnpipe")
