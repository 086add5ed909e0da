"""Stores a tagger's answers to every clip of a feature folder, so that no teacher runs during training.

    python -m training.answers FEATURES AUDIO --tagger mn04_as_mAP_432.pt
    torchrun --nproc_per_node=2 -m training.answers FEATURES AUDIO --tagger mn04_as_mAP_432.pt

AUDIO is the folder that the features were made from. If killed, the same command continues with the
missing clips. The tagger hears the clean clips [Schmid et al. 2023]; training mixes stored answers when it
mixes clips.
"""

from __future__ import annotations

from tpexplore.command_line import file_or_folder
from training.data.answers import store_answers
from training.data.tagger import load_tagger
from training.engine.command import command_arguments, run_command


def main() -> None:
    parser = command_arguments(__doc__, "training.answers")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    parser.add_argument("audio", type=file_or_folder, help="folder of the dataset they were made from")
    parser.add_argument("--tagger", type=file_or_folder, required=True, help="a checkpoint of EfficientAT")
    args = parser.parse_args()
    print(store_answers(args.features, args.audio, load_tagger(args.tagger)))


if __name__ == "__main__":
    run_command(main)
