"""Shared by all trainings: the loop, checkpoints and run folders; and the stages themselves."""
