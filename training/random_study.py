"""Attention against random patches, by how much of the picture the sound fills.

    python -m training.random_study ast-esc50 FEATURES

Tests a bundled model on thirds of its test split, from clips whose sound fills the picture to clips that are
mostly quiet. Writes assets/results/studies/random-NAME.json; python -m training.report puts the table into
training/README.md.
"""

from __future__ import annotations

from training.engine.command import run_command
from training.measure.bundled_study import measure_bundled
from training.measure.random_study import random_study


def main() -> None:
    measure_bundled(__doc__, "random", random_study)


if __name__ == "__main__":
    run_command(main)
