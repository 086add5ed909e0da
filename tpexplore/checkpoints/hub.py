"""Files of the Hugging Face Hub: fetched, or one sentence says why not."""

from __future__ import annotations

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
    from huggingface_hub import errors, hf_hub_download
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # offline, it would tell of every retry before the one sentence below
    source = f"{HUB_PREFIX}{repository}"
    try:
        return Path(hf_hub_download(repository, name))
    except errors.GatedRepoError as error:
        raise InputError(
            f"{source} is gated: accept its terms on its page, then log in with hf auth login."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(f"{source} does not exist on the Hugging Face Hub, or is private.") from error
    except Exception as error:  # its own kinds, the HTTP client's, the disk's
        # The local kind means that the Hub could not be asked.
        if isinstance(error, errors.EntryNotFoundError) and not isinstance(
            error, errors.LocalEntryNotFoundError
        ):
            return None
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")
        raise InputError(f"{source} could not be fetched ({reason}).") from error
    finally:
        logging.set_verbosity(verbosity)
