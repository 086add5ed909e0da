"""A name for the account that runs the program, where the system knows none.

Containers run under a number that no list of users has. As soon as it is imported, PyTorch names a folder
after the user, and ends in a KeyError then.
"""

from __future__ import annotations

import getpass
import os


def name_account() -> None:
    """Let `getpass.getuser` have an answer in this process and in those that it starts."""
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):  # before Python 3.13, since then, and on Windows
        os.environ["LOGNAME"] = f"user-{os.getuid()}" if hasattr(os, "getuid") else "user"
