"""The download of one view: a ZIP with pictures, tables, and a Python script that reproduces them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tpexplore import __version__
from tpexplore.checkpoints.bundled import HUB_PREFIX, is_bundled
from tpexplore.errors import InputError
from tpexplore.model.fate import FUSED
from tpexplore.model.plan import PRUNE_BLOCKS, check_keep_rates, shortest_keep_rate
from tpexplore.study.exploration import Exploration, Point

PNG = b"\x89PNG\r\n\x1a\n"

_NAMES = {FUSED: "fused"}

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can tell: the same view gives the same bytes

_USUAL = {"blocks": PRUNE_BLOCKS, "method": "drop", "seed": 0}

# Values are put in as Python literals, so that no name can become code.
_SCRIPT = '''\
"""Makes this result again: python reproduce.py [CLIP]

tokens.csv counts seconds from the beginning of the clip; the model's window begins at {start!r} s.
"""

import json
import sys
from pathlib import Path

import tpexplore as tpx  # version {version}

here = Path(__file__).parent
recorded = json.loads((here / "result.json").read_text(encoding="utf-8"))
settings = recorded["settings"]
path = sys.argv[1] if len(sys.argv) > 1 else {example}
if path is None:
    sys.exit(f"Name the clip {{settings['clip']!r}}: python reproduce.py CLIP")

try:
    # What was done, in three lines:
    model = tpx.load_model({source})
    clip = tpx.load_audio(path, offset={start!r}, duration=model.config.seconds)
    result = tpx.explore(model, clip, keep_rates=[{keep_rate!r}], scores=[{score!r}]{pruning})
except tpx.InputError as error:
    sys.exit(str(error))

# Is it the same?
(point,) = result.points[{score!r}]
points = recorded["exploration"]["scores"][{score!r}]["points"]
before = next(p for p in points if p["keep_rate"] == {stored_rate!r})
answer, expected = model.config.labels[point.answer], before["top"][0]["label"]
print(f"answer: {{answer}} ({{point.probabilities.max():.1%}}), recorded: {{expected}}"
      f" ({{before['top'][0]['probability']:.1%}})")
for block, ids in point.kept.items():
    same = len(set(ids.tolist()) & set(before["kept"][str(block)]))
    print(f"block {{block}}: {{same}} of {{len(ids)}} kept patches are the recorded ones")
if model.config.sha256 != settings["weights_sha256"]:
    sys.exit("The weights differ from those in result.json.")
if answer != expected:
    sys.exit("The answer differs from the recorded one.")
'''


def build_takeaway(
    exploration: Exploration,
    *,
    keep_rate: float | tuple[float, ...],
    score: str,
    clip_name: str,
    start: float = 0.0,
    source: str | None = None,
    frames: int | None = None,
    pictures: Mapping[str, bytes] | None = None,
    example: Path | None = None,
) -> bytes:
    """A ZIP of one view of an exploration.

    It holds result.json (the exploration, the settings and the versions), tokens.csv (one line a patch, see
    `tokens_csv`), reproduce.py (which makes it again and says whether it is the same) and the pictures. The
    clip itself stays with the person, unless it is one of the bundled examples.

    Parameters
    ----------
    exploration : Exploration
    keep_rate, score :
        The current view; both must be in the exploration.
    clip_name : str
        What to call the clip.
    start : float
        Where in the clip the model's window begins, in seconds.
    source : str or None
        The source for `load_model`; of a file or folder, only its name is written. By default the model's
        name.
    frames : int or None
        The ``frames`` for `load_model`.
    pictures : mapping of name -> PNG, or None
        Names without the ending.
    example : Path or None
        A bundled example to include.

    Returns
    -------
    bytes
        The same arguments give the same bytes.

    Raises
    ------
    InputError
        If the exploration does not hold this keep-rate or score, or a picture is not a PNG.

    Examples
    --------
    >>> exploration = explore(load_model("ast-spc12"), load_audio("assets/examples/happy.wav"))
    >>> content = build_takeaway(exploration, keep_rate=0.5, score="attention", clip_name="happy.wav")
    >>> zipfile.ZipFile(io.BytesIO(content)).namelist()
    ['result.json', 'tokens.csv', 'reproduce.py']
    """
    point = _point(exploration, keep_rate, score)
    settings = {
        "clip": clip_name,
        "start": float(start),
        "model": exploration.config.name,
        "weights_sha256": exploration.config.sha256,
        "frames": frames,
        "keep_rate": point.keep_rate,
        "score": score,
    }
    pruning = {"blocks": exploration.blocks, "method": exploration.method, "seed": exploration.seed}
    unusual = {name: value for name, value in pruning.items() if value != _USUAL[name]}
    settings |= unusual
    versions = {"tpexplore": __version__, **{name: version(name) for name in ("torch", "timm", "torchaudio")}}
    result = {"settings": settings, "versions": versions, "exploration": exploration.to_dict()}
    source = source or exploration.config.name
    if not (is_bundled(source) or source.startswith(HUB_PREFIX)):
        source = Path(source).name  # the path of a file or folder is private
    script = _SCRIPT.format(
        version=__version__,
        source=repr(source) + (f", frames={frames!r}" if frames is not None else ""),
        example=f"here / {example.name!r}" if example else None,
        start=float(start),
        keep_rate=point.keep_rate,
        # JSON has lists only.
        stored_rate=list(point.keep_rate) if isinstance(point.keep_rate, tuple) else point.keep_rate,
        score=score,
        pruning="".join(f", {name}={value!r}" for name, value in unusual.items()),
    )
    files = {
        "result.json": json.dumps(result, ensure_ascii=False, allow_nan=False),
        "tokens.csv": tokens_csv(exploration, keep_rate, score, start),
        "reproduce.py": script,
    }
    for name, picture in (pictures or {}).items():
        if not picture.startswith(PNG):
            raise InputError(f"The picture {name!r} begins with {picture[:8]!r}; expected a PNG.")
        files[f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}.png"] = picture
    if example:
        files[example.name] = example.read_bytes()
    return _zip(files)


def tokens_csv(
    exploration: Exploration, keep_rate: float | tuple[float, ...], score: str, start: float = 0.0
) -> str:
    """One line a patch, by patch id, as CSV.

    Columns, named as in every table of the app: patch, column, row, start_s and end_s in seconds from the
    beginning of the file, where the model's window begins at ``start``, low_hz and high_hz, intensity and
    variation (normalised), padding (1 if the patch holds nothing else), score, keep_rate, attention_rank_4,
    _7 and _10, or those of the actual pruning blocks (1 is the highest rank among the patches still
    present, when pruning by attention at this keep-rate; empty for other patches and if attention was not
    explored), dropped_by_block (0 if kept). With fusing and merging also into (the patch whose token holds
    this one at the end, or "fused") and group_size (patches in that token).

    Raises
    ------
    InputError
        If the exploration holds no such keep-rate or score.
    """
    point = _point(exploration, keep_rate, score)
    rates = [point.keep_rate for point in exploration.points[score]]
    dropped = exploration.drop_stages(score)[rates.index(point.keep_rate)]
    ranks = _attention_ranks(exploration, point.keep_rate)
    blocks, together = exploration.blocks, exploration.method != "drop"
    into, sizes = point.fate.into, point.fate.size
    grid = exploration.config.grid
    block_rates = point.keep_rate if isinstance(point.keep_rate, tuple) else (point.keep_rate,)
    rates_text = " ".join(f"{rate:g}" for rate in block_rates)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["patch", "column", "row", "start_s", "end_s", "low_hz", "high_hz", "intensity", "variation"]
    head += ["padding", "score", "keep_rate"]
    head += [*(f"attention_rank_{block}" for block in blocks), "dropped_by_block"]
    writer.writerow([*head, *(("into", "group_size") if together else ())])
    for patch in range(exploration.config.patches):
        column, row = grid.place(patch)
        writer.writerow(
            [patch, column, row, *(f"{start + second:.3f}" for second in grid.seconds_of(column))]
            + [f"{hertz:.1f}" for hertz in grid.hertz_of(row)]
            + [f"{exploration.intensity[patch]:.6g}", f"{exploration.variation[patch]:.6g}"]
            + [int(grid.frames_of(column)[0] >= exploration.real_frames), score, rates_text]
            + [ranks[block].get(patch, "") for block in blocks]
            + [int(dropped[patch])]
            + ([_NAMES.get(int(into[patch]), int(into[patch])), int(sizes[patch])] if together else [])
        )
    return out.getvalue()


def _point(exploration: Exploration, keep_rate: float | tuple[float, ...], score: str) -> Point:
    keep_rate = shortest_keep_rate(check_keep_rates(keep_rate, exploration.blocks))
    if score not in exploration.points:
        raise InputError(
            f"Score {score!r} was not explored; expected one of {', '.join(exploration.points)}."
        )
    rates = {point.keep_rate: point for point in exploration.points[score]}
    if keep_rate not in rates:
        explored = ", ".join(f"{rate:g}" if isinstance(rate, float) else str(rate) for rate in rates)
        raise InputError(f"Keep-rate {keep_rate} was not explored; expected one of {explored}.")
    return rates[keep_rate]


def _attention_ranks(
    exploration: Exploration, keep_rate: float | tuple[float, ...]
) -> dict[int, dict[int, int]]:
    """Rank of each patch still there before each block that prunes: block -> patch -> rank."""
    ranks: dict[int, dict[int, int]] = {block: {} for block in exploration.blocks}
    points = [p for p in exploration.points.get("attention", ()) if p.keep_rate == keep_rate]
    if not points or not points[0].scores:
        return ranks
    (point,) = points
    present = np.arange(exploration.config.patches)
    for block in point.scores:
        # Of equal scores the lower id ranks higher, as in pruning.
        order = np.argsort(-point.scores[block], kind="stable")
        ranks[block] = {int(present[at]): rank for rank, at in enumerate(order, start=1)}
        present = point.kept[block]
    return ranks


def _zip(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
