"""The commands, one file each. They import torch only inside functions."""
