"""Channel ablation: how far a target falls when a channel of the feature map is set to zero, for every channel.

The map is the sum of the channels weighted by their falls. No gradient takes part.
Source: Ablation-CAM (Desai and Ramaswamy 2020), whose weights are divided by the target, which loses its sign; ours are
not. It would take a pooling for each channel. But without channel c the query q and the keys k_j change by a column of
their projections each, so all channels share the projected positions:

    q_c = q - mean_j(f_jc) Q_c        logit of position j: ⟨q_c, k_j - f_jc K_c⟩ = ⟨q_c, k_j⟩ - f_jc ⟨q_c, K_c⟩

and in the same way what is left of the values is Σ_j w_j v_j - V_c Σ_j w_j f_jc.
"""

import torch
from torch import Tensor

from qualiclip.models.backbone import MeanQueryPooling
from qualiclip.models.parts import position_attention, project, similarities
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.targets import Value

from .quality_map import Progress

CHANNELS_AT_ONCE = 128


def _pool_without(
    pooling: MeanQueryPooling, features: Tensor, projected: tuple[Tensor, Tensor], chosen: slice
) -> Tensor:
    """Embeddings (N, D), not of unit length, of features (C, P) without each of N channels."""
    gone, means = features[chosen], features.mean(dim=1)
    columns = [layer.weight[:, chosen].T for layer in (pooling.q_proj, pooling.k_proj, pooling.v_proj)]  # (N, C)
    queries = pooling.q_proj(means) - means[chosen, None] * columns[0]  # (N, C)
    parts = (queries, *columns[1:], *projected)
    pooled = []
    for query, key, value, keys, values in zip(*(part.chunk(pooling.heads, dim=1) for part in parts), strict=True):
        logits = query @ keys.T - (query * key).sum(dim=1, keepdim=True) * gone  # (N, P)
        weights = position_attention(logits * query.shape[1] ** -0.5, torch.ones_like(logits[:1]))
        pooled.append(weights @ values - (weights * gone).sum(dim=1, keepdim=True) * value)  # (N, size)
    embeddings: Tensor = pooling.c_proj(torch.cat(pooled, dim=1))
    return embeddings


def channel_falls(
    model: QualityModel, feature_map: Tensor, value: Value, *, progress: Progress | None = None
) -> Tensor:
    """How far a target falls, in logits, without each channel (C,) of a feature map (1, C, h, w).

    `progress` is told how many channels are done, of how many; an exception raised in it stops the work.
    """
    with torch.no_grad():
        features = feature_map[0].flatten(1)  # (C, P)
        pooling, count = model.backbone.attnpool, len(features)
        projected = project(pooling, features.T)
        left = []
        for start in range(0, count, CHANNELS_AT_ONCE):
            end = min(start + CHANNELS_AT_ONCE, count)
            embeddings = _pool_without(pooling, features, projected, slice(start, end))
            left.append(value(similarities(model.prompt_features, embeddings)))
            if progress is not None:
                progress(end, count)
        return model.unit * (value(model.similarities(feature_map)[0]) - torch.cat(left))


def ablation_grid(
    model: QualityModel, feature_map: Tensor, value: Value, *, progress: Progress | None = None
) -> Tensor:
    """Sum (h, w) of the channels of a feature map (1, C, h, w), weighted by how far the target falls without each."""
    falls = channel_falls(model, feature_map, value, progress=progress)
    return torch.einsum("c,chw->hw", falls, feature_map[0])
