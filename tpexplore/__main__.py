"""``python -m tpexplore``: the command line of `cli`."""

import sys

from tpexplore.cli import main

if __name__ == "__main__":
    sys.exit(main())
