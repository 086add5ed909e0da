"""Settings of the process: waiting threads, shared memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests import ROOT

GROW = """
import ctypes, json, runpy, sys, threading
shared = runpy.run_path("tpexplore/ui/memory.py")["share_arenas"]()  # without all of Gradio
libc = ctypes.CDLL(None)
barrier = threading.Barrier(12)
def take():
    libc.malloc(1000)
    barrier.wait(20)
threads = [threading.Thread(target=take) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(json.dumps([shared, open(sys.argv[1]).read().count("<heap nr=")]))
"""


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "5000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_threads_spin_briefly_unless_the_user_decided(settings, expected):
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("OMP_WAIT", "GOMP"))
    }
    code = (
        "import os, sys; from tpexplore.threads import brief_spinning; os.environ.update(brief_spinning());"
        " assert 'torch' not in sys.modules; print(os.environ.get('GOMP_SPINCOUNT'))"
    )
    run = [sys.executable, "-c", code]
    ran = subprocess.run(
        run, cwd=ROOT, env={**environment, **settings}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == str(expected)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="arenas are glibc's")
def test_threads_share_two_arenas(tmp_path):
    run = [sys.executable, "-c", GROW, str(tmp_path / "arenas.xml")]
    ran = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    shared, arenas = json.loads(ran.stdout)
    if not shared:
        pytest.skip("this C library has no arenas")
    assert arenas <= 2
