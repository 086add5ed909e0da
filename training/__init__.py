"""From audio folders to the models the app ships: features, teacher, pre-training, fine-tuning,
evaluation, export. Imports tpexplore; never the other way round."""

import os

# Read when torch is imported: threads that wait sleep instead of spinning, which on a machine that does
# other work too made a step ten times faster.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
