"""Names of what makes features out of files: decoding, resampling and the log-mel picture together."""

from __future__ import annotations

FRONT_END = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 3"
"""Part of the key of features: change it whenever the same file would give other features."""

JOINING = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 2"
"""The one before sound at other rates kept its highest mel bins. Sound at 16 kHz, that of all cards that note
it, gives the same by both, but for what two Opus decoders make of the highest bin. For some time Opus was
decoded at 48 kHz under this name: such features lack the highest bins."""

SINGLE_FILE = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 1"
"""The same before clips could be several files joined: of clips of one file it is the same."""

EARLIER = (JOINING, SINGLE_FILE)
