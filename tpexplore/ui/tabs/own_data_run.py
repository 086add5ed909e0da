"""A run over a person's labelled clips, in slices, so that it can be left between any two passes."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.study.labels import LabelledClip, label_clips
from tpexplore.study.own_data import AccuracyCurve
from tpexplore.study.uploads import take_uploads
from tpexplore.ui.choices import ModelChoice, cached_model


class OwnDataRun:
    """One run, and its copies of the clips.

    Parameters
    ----------
    choice : ModelChoice
    uploads : list of Path
        As Gradio stored them; they are copied, and stay.
    scores, rates :
        As for `AccuracyCurve`.
    """

    def __init__(
        self,
        choice: ModelChoice,
        uploads: list[Path],
        scores: list[str],
        rates: tuple[float, ...],
    ):
        self.choice = choice
        self.model: AudioViT = cached_model(choice)
        self.folder = tempfile.TemporaryDirectory(prefix="tpexplore-")
        self.stopped = threading.Event()
        self.busy = threading.Lock()
        self.done = 0
        try:
            self.curve = AccuracyCurve.checked(self.model, scores, rates)
            files = take_uploads([(path.name, path) for path in uploads], Path(self.folder.name))
            if not files:
                raise InputError("The upload holds no clip; expected audio files, or a ZIP of them.")
            self.clips: list[LabelledClip] = label_clips(files, self.model.config)
        except BaseException:
            self.folder.cleanup()
            raise

    @property
    def finished(self) -> bool:
        """Whether every clip was run."""
        return self.done == len(self.clips)

    def run_for(self, seconds: float) -> None:
        """Run clips until the time is over, all are done, or somebody stops it."""
        until = time.monotonic() + seconds

        def check(_done: int, _total: int) -> None:
            if self.stopped.is_set():
                raise _StoppedError

        with self.busy:
            try:
                while not self.finished and time.monotonic() < until:
                    check(0, 0)
                    self.curve.add(self.model, self.clips[self.done], check)
                    self.done += 1
            except _StoppedError:
                pass

    def stop(self) -> None:
        """End the slice that runs, and remove the copies of the clips."""
        self.stopped.set()
        with self.busy:
            self.folder.cleanup()


class _StoppedError(Exception):
    """Leaves a sweep between two of its passes."""
