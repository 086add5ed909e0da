"""Every setting of a training run, as data files: .json here, the paper's own in paper/."""
