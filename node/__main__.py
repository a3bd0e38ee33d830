"""The command `leerkring`."""

import sys

from node.cli.commands import run
from node.cli.logs import configure_logs


def main() -> None:
    configure_logs("warning")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
