"""Two processes connected as under torchrun, without its launcher."""

import multiprocessing
import os
import socket
from collections.abc import Callable

import torch


def run_in_two(function: Callable, *arguments: object) -> None:
    """Call ``function(*arguments)``, a function of a module, in both; an error in one is raised here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # One process loads torch and what the function needs, and both are its copies.
    multiprocessing.get_context("forkserver").set_forkserver_preload([function.__module__])
    torch.multiprocessing.start_processes(
        _call_as_one_of_two, (port, function, arguments), nprocs=2, start_method="forkserver"
    )


def _call_as_one_of_two(rank: int, port: int, function: Callable, arguments: tuple) -> None:
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    function(*arguments)
