"""Copy the sounds of Debian packages, mostly games, for training without labels.

    python -m training.debian_sounds FOLDER --held-out ESC50 SOUNDS_CC

Packages are listed in training/data/debian_packages.csv. They are downloaded one after another, and only
their sounds are kept. A sound is deleted if it may hold a clip that the features after --held-out keep out of
training, since games and datasets have used the same recordings. Doubtful sounds are deleted too; most of
them are short. Existing sounds stay: after a stop, the same command continues. Packages that this Debian
release does not have are listed at the end. training.features and training.answers then read the folder like
any recordings.
"""

from __future__ import annotations

from tqdm import tqdm

from tpexplore.command_line import file_or_folder
from tpexplore.errors import InputError
from training.data.debian_packages import check_debian, copy_sounds, listed_packages
from training.data.features import read_features
from training.data.held_out import remove_heard
from training.engine.command import Different, command_arguments, run_command


def main() -> None:
    parser = command_arguments(__doc__, "training.debian_sounds")
    parser.add_argument("folder", type=file_or_folder, help="where the sounds go, a folder for each package")
    parser.add_argument(
        "--held-out",
        type=file_or_folder,
        action=Different,
        nargs="+",
        required=True,
        help="features of the datasets that models are tested on",
    )
    args = parser.parse_args()
    check_debian()
    held_out = [read_features(folder) for folder in args.held_out]
    sounds, missing = 0, {}
    for package, skip in tqdm(listed_packages().items()):
        try:
            sounds += copy_sounds(package, skip, args.folder)
        except InputError as error:
            missing[package] = error
    removed = remove_heard(args.folder, held_out)
    print(
        f"{sounds - len(removed)} sounds in {args.folder}; {len(missing)} packages could not be downloaded,"
        f" {len(removed)} sounds may hold held-out clips and were deleted"
    )
    for package, error in missing.items():
        print(f"  {package}: {error}")


if __name__ == "__main__":
    run_command(main)
