"""From audio folders to the models the app ships: features, teacher, pre-training, fine-tuning,
evaluation, export. Imports tpexplore; never the other way round."""

import os

from tpexplore.threads import brief_spinning

os.environ.update(brief_spinning())
