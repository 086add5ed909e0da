"""The text that Git LFS leaves in place of a file it did not fetch."""

from __future__ import annotations

POINTER = b"version https://git-lfs"
"""How it begins."""
