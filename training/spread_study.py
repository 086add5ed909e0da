"""Is attention weak because the patches that it keeps lie together?

    python -m training.spread_study audiomae-audioset FEATURES

Tests a bundled model on its test split by attention, by the highest attention in every 2 by 2 patches, by the
lowest attention and by random patches. Writes assets/results/studies/spread-NAME.json; python -m
training.report puts the table into training/README.md.
"""

from __future__ import annotations

from training.engine.command import run_command
from training.measure.bundled_study import measure_bundled
from training.measure.spread_study import spread_study


def main() -> None:
    measure_bundled(__doc__, "spread", spread_study)


if __name__ == "__main__":
    run_command(main)
