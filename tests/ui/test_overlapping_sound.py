"""The page's sound of overlapping patches is the library's."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from tests import ROOT
from tests.signal.listening import listen_tracks
from tpexplore.signal.grid import Grid
from tpexplore.signal.spectrogram import samples_for
from tpexplore.ui.payload import bin_rows, grid_message

SCRIPT = """
import { listenTracks, spectrumOf } from "./tpexplore/ui/boards/explore/masking.js";
import { gridOf } from "./tpexplore/ui/boards/shared/grid.js";
let text = "";
for await (const part of process.stdin) text += part;
const { samples, drop, rows, grid } = JSON.parse(text);
const spectrum = spectrumOf(Float32Array.from(samples));
const tracks = listenTracks(spectrum, Uint32Array.from(rows), gridOf({ grid }), Uint8Array.from(drop));
const numbers = Object.entries(tracks).map(([name, track]) => [name, Array.from(track)]);
console.log(JSON.stringify(Object.fromEntries(numbers)));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
@pytest.mark.parametrize("stride", [10, 12, 14, 16])
def test_tracks_are_the_librarys(stride):
    frames, rng = 64, np.random.default_rng(stride)
    grid = Grid.of(frames, stride, stride)
    samples = (0.1 * rng.standard_normal(samples_for(frames))).astype(np.float32)
    drop = rng.choice([0, 4, 7, 10], grid.patches, p=[0.1, 0.4, 0.3, 0.2])
    message = {
        "samples": samples.tolist(),
        "drop": drop.tolist(),
        "rows": bin_rows(grid).tolist(),
        "grid": grid_message(grid),
    }
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT],
        cwd=ROOT,
        input=json.dumps(message),
        capture_output=True,
        text=True,
        check=True,
    )
    kept = {block: (drop == 0) | (drop > block) for block in (4, 7, 10)}
    expected = listen_tracks(samples, kept, frames, grid)
    tracks = json.loads(ran.stdout)
    assert list(tracks) == list(expected)
    for name, track in expected.items():
        assert np.abs(track - np.array(tracks[name])).max() < 2e-6, name
