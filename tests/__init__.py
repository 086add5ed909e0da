"""Where the repository lies, for tests that run or read it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
