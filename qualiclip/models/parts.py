"""Many parts of one feature map, each pooled as if it were the whole: what they share is computed once.

All projections are linear. So the keys and values of a part are those of its positions, and of its mean token the mean
of those: only its query is its own. A pooling of a part costs what it would cost to project one position.
"""

import torch
from torch import Tensor
from torch.nn import functional

from .backbone import MeanQueryPooling

SMALLEST = 1e-30  # of a weight; processors take many times as long for numbers below 1e-38, and attention has them


def project(pooling: MeanQueryPooling, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values of positions, each (…, P, C); key biases add the same to all logits and are left out."""
    return functional.linear(positions, pooling.k_proj.weight), pooling.v_proj(positions)


def position_attention(logits: Tensor, counts: Tensor) -> Tensor:
    """One head's weights (…, W, P) of the positions in each part, from their logits (…, W, P).

    Each part holds each position as often as `counts` (W, P) says. Its mean token has the mean of the logits, and its
    attention goes back to the positions.
    """
    shares = counts / counts.sum(dim=-1, keepdim=True)
    mean = (logits * shares).sum(dim=-1, keepdim=True)  # (…, W, 1)
    attention = torch.softmax(torch.cat([mean, logits + counts.log()], dim=-1), dim=-1)  # (…, W, 1 + P)
    weights = attention[..., 1:] + attention[..., :1] * shares
    return functional.threshold(weights, SMALLEST, 0.0)


def _attend(queries: Tensor, keys: Tensor, values: Tensor, counts: Tensor) -> Tensor:
    """One head's values (…, W, size) of parts with these queries (…, W, size), of keys and values (…, P, size)."""
    logits = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5  # (…, W, P)
    return position_attention(logits, counts) @ values


def pool_parts(pooling: MeanQueryPooling, means: Tensor, projected: tuple[Tensor, Tensor], counts: Tensor) -> Tensor:
    """Embeddings (…, W, D), not of unit length, of parts with these mean features (…, W, C).

    Each part holds each position, whose keys and values are `projected` (…, P, C), as often as `counts` (W, P) says.
    """
    projections = (pooling.q_proj(means), *projected)
    heads = zip(*(each.chunk(pooling.heads, dim=-1) for each in projections), strict=True)  # one by one: no copies
    pooled = [_attend(queries, keys, values, counts) for queries, keys, values in heads]
    embeddings: Tensor = pooling.c_proj(torch.cat(pooled, dim=-1))
    return embeddings


def similarities(prompts: Tensor, embeddings: Tensor) -> Tensor:
    """Similarities (…, K, 2) of embeddings (…, D) of any length to the unit embeddings (K, 2, D) of prompts."""
    return torch.einsum("...d,kpd->...kp", functional.normalize(embeddings, dim=-1), prompts)


def part_similarities(
    pooling: MeanQueryPooling, prompts: Tensor, means: Tensor, projected: tuple[Tensor, Tensor], counts: Tensor
) -> Tensor:
    """Similarities (…, W, K, 2) of parts to prompts (K, 2, D); for the other arguments see `pool_parts`."""
    return similarities(prompts, pool_parts(pooling, means, projected, counts))
