"""How processes end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests import ROOT


def test_workers_end_with_a_killed_parent(tmp_path):
    script = (
        "import time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from tpexplore.interrupts import end_with_parent\n"
        "import os\n"
        "pool = ProcessPoolExecutor(1, initializer=end_with_parent)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    worker = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for _ in range(600):
        if not _alive(worker):
            return
        time.sleep(0.1)
    raise AssertionError("the worker lives on")


def _alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
