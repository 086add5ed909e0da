"""Which models stay loaded."""

import pytest

from tpexplore.checkpoints.bundled import bundled_names
from tpexplore.ui import choices
from tpexplore.ui.choices import ModelChoice, cached_model


@pytest.fixture
def loaded(model, monkeypatch) -> list[str]:
    """Sources in the order in which they were loaded; nothing is loaded before."""
    sources = []

    def load(source: str, frames: int | None):
        sources.append(source)
        return model

    monkeypatch.setattr(choices, "load_model", load)
    caches = (choices._bundled, choices._own)
    for cache in caches:
        cache.cache_clear()
    yield sources
    for cache in caches:
        cache.cache_clear()


def test_all_bundled_models_stay_and_the_last_two_of_people_s_own(loaded):
    bundled = [ModelChoice("", name) for name in bundled_names()]
    own = [ModelChoice("", f"/models/{name}") for name in ("one", "two", "three")]
    for choice in (*bundled, *own):
        cached_model(choice)
    assert loaded == [choice.source for choice in (*bundled, *own)]
    for choice in (*bundled, *own[1:]):
        cached_model(choice)
    assert len(loaded) == len(bundled) + len(own)
    cached_model(own[0])
    assert loaded[-1] == own[0].source


def test_a_checkpoint_beside_a_weights_file_of_its_name_is_a_person_s_own(loaded, tmp_path):
    (tmp_path / "mine.safetensors").touch()
    cached_model(ModelChoice("", str(tmp_path / "mine")))
    assert choices._own.cache_info().currsize == 1 and not choices._bundled.cache_info().currsize
