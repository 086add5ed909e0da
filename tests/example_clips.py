"""The app's example clips that tests need."""

from tpexplore.checkpoints.bundled import Example, example_clips

WORD_QUERY = "?example=happy&model=ast-spc12"
"""Opens the page with the first spoken example; otherwise it opens with a sound of AudioSet."""


def spoken_examples() -> list[Example]:
    """Single words of a second, which the spc-12 models know and read whole; the first is "happy"."""
    return [example for example in example_clips() if example.labels.get("spc-12")]
