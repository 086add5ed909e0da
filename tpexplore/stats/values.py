"""What callers pass as values of patches -> a tensor of real numbers, or one sentence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tpexplore.errors import InputError, shown


def real_tensor(values: Any, name: str) -> Tensor:
    """Values as a tensor without a gradient, on the device where they are.

    Parameters
    ----------
    values : Tensor, np.ndarray or sequence of numbers
    name : str
        What they are, in the plural, for the sentence.

    Raises
    ------
    InputError
        If they are not real numbers.

    Examples
    --------
    >>> real_tensor([1, 2], "ranks")
    tensor([1, 2])
    """
    try:
        tensor = torch.as_tensor(values).detach()
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InputError(f"The {name} are {shown(values)}; expected numbers.") from None
    if tensor.is_complex():  # PyTorch would leave out the imaginary part
        raise InputError(f"The {name} are complex; expected real numbers.")
    return tensor
