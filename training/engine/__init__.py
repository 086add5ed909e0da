"""What every training runs on: the loop, processes, checkpoints, run folders, and the stages themselves."""
