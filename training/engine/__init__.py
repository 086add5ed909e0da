"""What every training runs on: the loop, checkpoints, run folders, and the stages themselves."""
