"""Name the account that runs the program if the system has no name for it.

Containers may run under a user number that has no name. PyTorch names a folder after the user as soon as it
is imported, and raises KeyError if there is no name.
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
