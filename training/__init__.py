"""From audio folders to the models the app ships: features, teacher, pre-training, fine-tuning,
evaluation, export. Imports tpexplore; never the other way round."""

import os
import sys

from tpexplore.interrupts import end_on_interrupt
from tpexplore.threads import brief_spinning

os.environ.update(brief_spinning())
if sys.argv[:1] == ["-m"]:  # sys.argv while `python -m training.X` looks for X
    end_on_interrupt()
