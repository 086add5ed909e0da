"""Measured numbers: beside the paper's, as verdicts, and to take home."""
