"""Which signals a training holds back until it has saved."""

import os
import signal

import pytest

from training.engine.signals import KEPT, kept_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_ignored_stays_ignored(number: int) -> None:
    """Under nohup, and in background jobs of scripts, the signal is meant for another program."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with kept_signals() as arrived:
            os.kill(os.getpid(), number)
        assert not arrived and signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_a_terminal_that_closes_is_a_signal_to_save() -> None:
    assert signal.SIGHUP in KEPT
