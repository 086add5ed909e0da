"""Where findings 4 and 5 look: at the patches that survive the last stage."""

from tpexplore.numbers import percent

LAST_STAGE, LAST_RATE = "10", "0.50"
"""The paper's 1.9× and its Fig. 6 are of patches that survive the last stage at keep-rate 0.5."""
AT_THE_END = f"after block {LAST_STAGE} at keep-rate {percent(LAST_RATE)}"
