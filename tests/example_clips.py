"""The app's example clips by what tests need of them."""

from tpexplore.checkpoints.bundled import Example, example_clips


def spoken_examples() -> list[Example]:
    """Single words of a second, which the spc-12 models know and read whole; the first is "happy"."""
    return [example for example in example_clips() if example.labels.get("spc-12")]
