"""One clip through a pruned model in plain loops: attention head by head, one patch at a time."""

from __future__ import annotations

import math

import numpy as np
import torch
from timm.models.vision_transformer import VisionTransformer

from tpexplore.model.vit import AudioViT


def timm_twin(model: AudioViT) -> VisionTransformer:
    """The same weights in a timm model built here, not by the code under test."""
    config = model.config
    ast = config.family == "ast"
    twin = VisionTransformer(
        img_size=(config.frames, 128),
        patch_size=16,
        in_chans=1,
        embed_dim=config.dim,
        depth=config.depth,
        num_heads=config.dim // 64,
        reg_tokens=1 if ast else 0,
        num_classes=0 if ast else config.classes,
        global_pool="token" if ast else "avg",
    ).eval()
    twin.load_state_dict(model.vit.state_dict())
    return twin


def twin_logits(model: AudioViT, tokens: torch.Tensor) -> torch.Tensor:
    """Readout of tokens after the last block, written out here."""
    if model.config.family == "ast":
        return model.head((model.vit.norm(tokens)[:, 0] + model.vit.norm(tokens)[:, 1]) / 2)
    return model.vit.head(model.vit.fc_norm(tokens[:, 1:].mean(1)))


def attend(block, tokens, prefix, sizes, by_class):
    """Tokens after the attention's residual, the patches' score, and their keys averaged over heads."""
    query, key, value = block.attn.qkv(block.norm1(tokens)).chunk(3, dim=-1)
    count = torch.tensor([1.0] * prefix + [float(size) for size in sizes])
    heads, received, keys = [], torch.zeros(len(tokens) - prefix), []
    for head in range(query.shape[1] // 64):
        part = slice(64 * head, 64 * head + 64)
        # Every key as often as it has patches.
        products = torch.exp(query[:, part] @ key[:, part].T / math.sqrt(64)) * count
        attention = products / products.sum(1, keepdim=True)
        heads.append(attention @ value[:, part])
        received += attention[0, prefix:] if by_class else attention[prefix:, prefix:].mean(0)
        keys.append(key[prefix:, part])
    return tokens + block.attn.proj(torch.cat(heads, dim=-1)), received, torch.stack(keys).mean(0)


def merge_round(groups, pairs):
    """One round of bipartite matching over groups {"token", "key", "ids", "name"}, in place."""
    first, second = groups[::2], groups[1::2]
    pairs_by_likeness = []
    for place, a in enumerate(first):
        likeness = [float(a["key"] @ b["key"] / a["key"].norm() / b["key"].norm()) for b in second]
        best = max(range(len(second)), key=lambda i: (likeness[i], -i))
        pairs_by_likeness.append((likeness[best], -place, a, second[best]))
    for _, _, a, b in sorted(pairs_by_likeness, key=lambda entry: entry[:2], reverse=True)[:pairs]:
        na, nb = len(a["ids"]), len(b["ids"])
        for what in ("token", "key"):
            b[what] = (na * a[what] + nb * b[what]) / (na + nb)
        b["ids"] = b["ids"] + a["ids"]
        groups[:] = [group for group in groups if group is not a]


@torch.inference_mode()
def slow_pass(model, spec, rates, score="attention", blocks=(4, 7, 10), method="drop", seed=0):
    """Logits, and block -> {patch: holder, "dropped" or "fused"}."""
    vit, prefix, config = timm_twin(model), model.config.prefix, model.config
    rates = rates if isinstance(rates, tuple) else (rates,) * len(blocks)
    tokens = vit._pos_embed(vit.patch_embed(spec[None, None]))[0]
    ids, fused = list(range(config.patches)), 0
    groups = {i: [i] for i in ids}
    state = dict(zip(ids, ids, strict=True))
    chance = np.random.default_rng((seed, 0)).random(config.patches)
    fates = {}
    for number, block in enumerate(vit.blocks, start=1):
        sizes = [len(groups[i]) for i in ids] + [1] * bool(fused)
        tokens, received, keys = attend(block, tokens, prefix, sizes, config.family == "ast")
        if number in blocks:
            rate = rates[blocks.index(number)]
            keep = math.ceil(round(rate * len(ids), 6))
            if method == "merge":
                parts = [
                    {"token": tokens[prefix + p], "key": keys[p], "ids": groups[i], "name": i}
                    for p, i in enumerate(ids)
                ]
                while len(parts) > keep:
                    merge_round(parts, min(len(parts) - keep, len(parts) // 2))
                tokens = torch.stack([*tokens[:prefix], *(part["token"] for part in parts)])
                ids = [part["name"] for part in parts]
                groups = {part["name"]: part["ids"] for part in parts}
                state = {i: name for name, members in groups.items() for i in members}
            elif rate < 1 and keep < len(ids):
                values = [spec[16 * (i // 8) :, 16 * (i % 8) :][:16, :16] for i in ids]
                ranking = {
                    "attention": received.tolist(),
                    "intensity": [float(v.mean()) for v in values],
                    "variation": [float(v.flatten().std()) for v in values],
                    "random": [chance[i] for i in ids],
                    "time-even": time_even(received.tolist(), ids),
                }[score]
                order = sorted(range(len(ids)), key=lambda p: (-ranking[p], p))
                survivors, others = sorted(order[:keep]), sorted(order[keep:])
                extra = []
                if method == "fuse":
                    rest = [tokens[prefix + p] for p in others] + ([tokens[-1]] if fused else [])
                    if score in ("attention", "time-even"):
                        weights = [float(received[p]) for p in others] + [float(received[-1])] * bool(fused)
                    else:
                        weights = [1] * len(others) + [fused] * bool(fused)
                    extra = [sum(w * t for w, t in zip(weights, rest, strict=True)) / sum(weights)]
                    fused += len(others)
                for p in others:
                    state[ids[p]] = "fused" if method == "fuse" else "dropped"
                tokens = torch.stack([*tokens[:prefix], *(tokens[prefix + p] for p in survivors), *extra])
                ids = [ids[p] for p in survivors]
            fates[number] = dict(state)
        tokens = tokens + block.mlp(block.norm2(tokens))
    if method == "merge" and config.family == "audiomae":  # the mean over all patches
        counts = torch.tensor([len(groups[i]) for i in ids])[:, None]
        mean = (tokens[prefix:] * counts).sum(0) / counts.sum()
        return model.vit.head(model.vit.fc_norm(mean)), fates
    return twin_logits(model, tokens[None])[0], fates


def time_even(scores, ids):
    """Values whose order is the order of choice: in turns, the best remaining patch of every column."""
    left, order = list(range(len(ids))), []
    while left:
        columns = {}
        for p in sorted(left, key=lambda p: (-scores[p], p)):
            columns.setdefault(ids[p] // 8, p)
        turn = sorted(columns.values(), key=lambda p: (-scores[p], p))
        order += turn
        left = [p for p in left if p not in turn]
    return [-order.index(p) for p in range(len(ids))]
