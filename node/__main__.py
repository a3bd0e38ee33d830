"""The command `leerkring`."""

import os
import sys

from node.cli.commands import run
from node.cli.logs import configure_logs


def main() -> None:
    os.umask(0o077)  # keys, database, media and logs are for the node's own user alone
    configure_logs("warning")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
