"""Make unlabelled training sounds: instruments by fluidsynth, voices by espeak-ng.

    python -m training.make_sounds FOLDER --music 2000 --voices 1000

Needs the programs fluidsynth and espeak-ng, a General MIDI soundfont (Debian: fluid-soundfont-gm, MIT) and
the package mido. Existing clips stay: after a stop, the same command continues. training.features and
training.answers then read the folder like any recordings.
"""

from __future__ import annotations

import importlib.util
import shutil
from functools import partial

from tpexplore.checkpoints.files import sha256_of
from tpexplore.command_line import file_or_folder, whole
from tpexplore.errors import InputError
from tpexplore.writing import check_place
from training.data.clip_files import NOTE, make_clips
from training.engine.command import command_arguments, run_command

MOST = 1_000_000


def main() -> None:
    parser = command_arguments(__doc__, "training.make_sounds")
    parser.add_argument("folder", type=file_or_folder, help="where the clips go, in music/ and voices/")
    parser.add_argument("--music", type=whole(0, MOST), default=2000, help="clips of instruments")
    parser.add_argument("--voices", type=whole(0, MOST), default=1000, help="clips of speech")
    parser.add_argument("--soundfont", type=file_or_folder, help="a .sf2 file instead of Debian's")
    args = parser.parse_args()
    if not args.music and not args.voices:
        raise InputError("--music and --voices are both 0; expected a number of clips for one of them.")
    for kind, clips in (("music", args.music), ("voices", args.voices)):
        if clips:
            check_place(args.folder / kind / NOTE)
    _check_programs(args.music, args.voices)
    from training.data import rendered

    soundfont = args.soundfont or rendered.SOUNDFONT
    if args.music and not soundfont.is_file():
        raise InputError(f"The soundfont {soundfont} is missing; install fluid-soundfont-gm or name another.")
    if args.music:
        made_of = {"soundfont": sha256_of(soundfont)}
        music = partial(rendered.render_music, soundfont=soundfont)
        make_clips(args.folder / "music", args.music, 0, music, made_of)
    if args.voices:
        make_clips(args.folder / "voices", args.voices, 1, rendered.render_voice, {"voices": "espeak-ng"})


def _check_programs(music: int, voices: int) -> None:
    needed = {"fluidsynth": music, "espeak-ng": voices}
    for program in [name for name, clips in needed.items() if clips and not shutil.which(name)]:
        raise InputError(f"{program} is not installed; it makes some of the sounds.")
    if importlib.util.find_spec("mido") is None:
        raise InputError("The package mido is not installed; run pip install mido.")


if __name__ == "__main__":
    run_command(main)
