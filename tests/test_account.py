"""Accounts that the system has no name for."""

import os
import subprocess
import sys

import pytest

from tests import ROOT


def test_an_account_without_a_name_gets_one_before_torch_asks_for_it() -> None:
    """In a container with its own user number, every import of torch used to end in a KeyError."""
    pytest.importorskip("pwd")
    script = (
        "import getpass, pwd\n"
        "pwd.getpwuid = {}.__getitem__\n"  # knows nobody
        "import tpexplore\n"
        "print(getpass.getuser())\n"
    )
    names = ("LOGNAME", "USER", "LNAME", "USERNAME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    call = [sys.executable, "-c", script]
    done = subprocess.run(call, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"user-{os.getuid()}\n", "")
