"""Files of the Hugging Face Hub: fetched, or one sentence says why not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from tpexplore.checkpoints.bundled import HUB_PREFIX
from tpexplore.errors import InputError


def fetch(repository: str, name: str) -> Path | None:
    """Download one file of a repository, or take it from the local cache.

    Parameters
    ----------
    repository : str
        "owner/name".
    name : str
        The file's name there.

    Returns
    -------
    Path, or None where the repository has no such file

    Raises
    ------
    InputError
        If the repository does not exist, is gated, or cannot be reached.
    """
    from huggingface_hub import errors, hf_hub_download, try_to_load_from_cache

    with _in_one_sentence(repository):
        try:
            return Path(hf_hub_download(repository, name))
        except errors.LocalEntryNotFoundError:
            # Offline. The cache also notes what a repository lacks, but the download does not look there.
            if not _is_lacking(try_to_load_from_cache(repository, name)):
                raise
    return None


def _is_lacking(cached: object) -> bool:
    """Whether `try_to_load_from_cache` knows that a repository has no such file."""
    return cached is not None and not isinstance(cached, str)


def bytes_to_fetch(repository: str, choose: Callable[[Collection[str]], Collection[str]]) -> int:
    """Size of a repository's files that are chosen and not in the local cache.

    Parameters
    ----------
    repository : str
        "owner/name".
    choose : callable
        From the names of all of its files to those that would be fetched.

    Returns
    -------
    int
        0 if the Hub cannot be reached; the files may be in the cache.

    Raises
    ------
    InputError
        If the repository does not exist or is gated.
    """
    from huggingface_hub import errors, model_info, try_to_load_from_cache

    with _in_one_sentence(repository):
        try:
            files = model_info(repository, files_metadata=True).siblings or []
        except (errors.RepositoryNotFoundError, errors.HFValidationError):
            raise
        except Exception:  # no network: `fetch` looks in the cache, and raises a proper error
            return 0
        sizes = {file.rfilename: file.size or 0 for file in files}
        return sum(
            sizes[name]
            for name in choose(sizes)
            if not isinstance(try_to_load_from_cache(repository, name), str)
        )
    return 0


@contextmanager
def _in_one_sentence(repository: str) -> Iterator[None]:
    """Turn what the Hub's library raises into InputError; pass over a file that is not in the repository."""
    from huggingface_hub import errors
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # offline, it would tell of every retry before the one sentence below
    source = f"{HUB_PREFIX}{repository}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise InputError(
            f"{source} is gated: accept its terms on its page, then log in with hf auth login."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(f"{source} does not exist on the Hugging Face Hub, or is private.") from error
    except errors.LocalEntryNotFoundError as error:
        raise InputError(
            f"{source} could not be fetched: the Hub cannot be reached, and not all of its files are on this"
            " machine."
        ) from error
    except errors.EntryNotFoundError:
        return
    except Exception as error:  # its own kinds, the HTTP client's, the disk's
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")
        raise InputError(f"{source} could not be fetched ({reason}).") from error
    finally:
        logging.set_verbosity(verbosity)
