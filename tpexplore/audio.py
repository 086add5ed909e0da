"""`signal.decode` under its name of the first edition, for programs that import from there."""

from tpexplore.signal.decode import clip_from_array, load_audio, read_clip

__all__ = ["clip_from_array", "load_audio", "read_clip"]
