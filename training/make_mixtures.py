"""Make unlabelled training clips by changing and mixing the training clips of datasets.

    python -m training.make_mixtures MIXTURES --of ESC50 ESC-50-master --of US8K UrbanSound8K --clips 30000

Each --of names features and the folder of sounds that they were made from; no clip of a test split is used.
The sounds stay in memory, 0.3 MB per clip. Existing clips stay: after a stop, the same command continues.
training.features (as "recordings") and training.answers then read the folder like any recordings; the command
prints the attribution for them.
"""

from __future__ import annotations

from functools import cache, partial

from tpexplore.command_line import file_or_folder, whole
from tpexplore.errors import InputError
from tpexplore.signal.spectrogram import samples_for
from training.data.clip_files import make_clips
from training.data.features import common_frames, read_features
from training.data.mixtures import mixture
from training.data.sound import Sounds
from training.engine.command import command_arguments, run_command
from training.system import parallel

KIND = 2
"""Sets these clips' random numbers apart from those of music (0) and voices (1)."""


def main() -> None:
    parser = command_arguments(__doc__, "training.make_mixtures")
    parser.add_argument("folder", type=file_or_folder, help="where the clips go")
    parser.add_argument(
        "--of",
        type=file_or_folder,
        nargs=2,
        metavar=("FEATURES", "AUDIO"),
        action="append",
        required=True,
        help="features of a dataset, and its sounds; several times for several datasets",
    )
    parser.add_argument("--clips", type=whole(1, 1_000_000), default=30_000, help="how many")
    args = parser.parse_args()
    several = [read_features(features) for features, _ in args.of]
    samples = samples_for(common_frames(several))
    keys = [key for features in several for key in features.keys.values()]
    if len(set(keys)) < len(keys):
        raise InputError("Features are named twice with --of; expected each once, or they count double.")
    datasets = []
    for features, (folder, audio) in zip(several, args.of, strict=True):
        sounds = Sounds(features, audio)
        rows = features.indices("train")
        if not len(rows):
            raise InputError(f"{folder} holds no training clip.")
        sounds.check(rows)
        read = cache(sounds.read)  # each clip is heard in several mixtures
        datasets.append([partial(read, row) for row in rows])
    make = partial(mixture, datasets=datasets, samples=samples)
    make_clips(args.folder, args.clips, KIND, make, {"features": keys})
    parallel.barrier()
    if parallel.is_main():
        print("; ".join(dict.fromkeys(features.meta["attribution"] for features in several)))


if __name__ == "__main__":
    run_command(main)
