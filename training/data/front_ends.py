"""Names of the front ends, which turn files into features: decoding, resampling and log-mel picture."""

from __future__ import annotations

FRONT_END = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 3"
"""Part of the key of features: change it whenever the same file would give other features."""

JOINING = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 2"
"""The front end before sound at other rates kept its highest mel bins. Sound at 16 kHz, as in all cards that
name it, gives the same features by both, except that two Opus decoders differ in the highest bin. For some
time Opus was decoded at 48 kHz under this name: such features lack the highest bins."""

SINGLE_FILE = "kaldi log-mel 128, 25/10 ms Hann, 16 kHz, min-padded, float16; 1"
"""The front end before clips could be several joined files; for clips of one file it equals JOINING."""

EARLIER = (JOINING, SINGLE_FILE)
