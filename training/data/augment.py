"""Augmentation of whole batches of log-mel pictures, before normalisation.

All draw from torch's global generator, which the training loop seeds at every step, so that a resumed
run sees the same pictures as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def warp(
    mel: Tensor, lengths: Tensor, *, shift: float, stretch: float, pitch: float, pad_share: float
) -> Tensor:
    """Shift and stretch time, stretch frequency, and fill what becomes empty.

    Parameters
    ----------
    mel : (batch, frames, 128)
        Log-mel, right-padded.
    lengths : (batch,)
        Frames before padding.
    shift : float
        Largest shift, as a share of the frames, either way.
    stretch, pitch : float
        Largest relative change of speed, and of the mel axis.
    pad_share : float
        Share of clips whose empty frames are filled with the clip's minimum, as in evaluation; the others
        continue with their own mirrored sound, like a longer recording.
    """
    batch, frames, bins = mel.shape

    def uniform(reach: float) -> Tensor:
        return (torch.rand(batch, device=mel.device) * 2 - 1) * reach

    speed, scale, move = 1 + uniform(stretch), 1 + uniform(pitch), uniform(shift) * frames
    time = torch.arange(frames, device=mel.device) * speed[:, None] - move[:, None]
    last = (lengths - 1)[:, None].to(time)
    outside = (time < 0) | (time > last)
    mirrored = (time.abs() % (2 * last)).sub(last).abs().neg() + last
    bin_at = torch.arange(bins, device=mel.device) * scale[:, None]
    grid = torch.stack(
        [
            (bin_at / (bins - 1) * 2 - 1)[:, None, :].expand(batch, frames, bins),
            (mirrored / (frames - 1) * 2 - 1)[:, :, None].expand(batch, frames, bins),
        ],
        dim=-1,
    )
    out = grid_sample(mel[:, None], grid, padding_mode="border", align_corners=True)[:, 0]
    floor = out.amin((1, 2))[:, None, None]
    padded = torch.rand(batch, device=mel.device) < pad_share
    return torch.where((outside & padded[:, None])[:, :, None], floor, out)


def gain(mel: Tensor, reach_db: float) -> Tensor:
    """Make each clip louder or softer by up to ``reach_db``; log-power moves by a constant."""
    db = (torch.rand(len(mel), 1, 1, device=mel.device) * 2 - 1) * reach_db
    return mel + db * (torch.log(torch.tensor(10.0)) / 10)


def mixup(batch: Mapping[str, Tensor], alpha: float, share: float = 1.0) -> dict[str, Tensor]:
    """Blend clips with others on the power scale [Zhang 2018], and their other entries likewise.

    Parameters
    ----------
    batch : dict
        "mel" (batch, frames, 128): log-mel, blended as powers, which add up when two sounds play together.
        Every other entry (batch, …), e.g. targets or stored answers, is blended as it is.
    alpha : float
        Of the Beta distribution; 0 leaves everything as it is.
    share : float
        Share of the clips that are blended.
    """
    if alpha == 0:
        return dict(batch)
    mel = batch["mel"]
    own = torch.distributions.Beta(alpha, alpha).sample((len(mel),)).to(mel)
    own = own.where(torch.rand(len(mel), device=mel.device) < share, 1.0)
    order = torch.randperm(len(mel), device=mel.device)
    weight = own[:, None, None]
    mixed = {"mel": torch.logaddexp(mel + weight.log(), mel[order] + (1 - weight).log())}
    for name, values in batch.items():
        if name != "mel":
            mixed[name] = own[:, None] * values + (1 - own[:, None]) * values[order]
    return mixed


def noise_and_roll(spec: Tensor, reach: int = 10) -> Tensor:
    """AST's noise for short speech: uniform values up to a tenth, and a roll of up to ``reach`` frames.

    Parameters
    ----------
    spec : (batch, frames, 128)
        Normalised; each clip gets a noise level and a roll of its own.
    """
    level = torch.rand(len(spec), 1, 1, device=spec.device) / 10
    noisy = spec + torch.rand_like(spec) * level
    shift = torch.randint(-reach, reach + 1, (len(spec), 1), device=spec.device)
    at = (torch.arange(spec.shape[1], device=spec.device) - shift) % spec.shape[1]
    return noisy.gather(1, at[..., None].expand_as(spec))


def spec_augment(mel: Tensor, time: int, freq: int, fill: float) -> Tensor:
    """One band of up to ``time`` frames and one of up to ``freq`` bins set to ``fill`` [Park 2019]."""
    for axis, widest in ((1, time), (2, freq)):
        if widest == 0:
            continue
        size = mel.shape[axis]
        width = torch.rand(len(mel), 1, device=mel.device) * widest
        start = torch.rand(len(mel), 1, device=mel.device) * (size - width)
        at = torch.arange(size, device=mel.device)
        band = (at >= start) & (at < start + width)
        mel = mel.masked_fill(band[:, :, None] if axis == 1 else band[:, None, :], fill)
    return mel
