"""Attribution: what each position contributes to the model's logits; the contributions sum to them exactly.

The pooling is a weighted mean of values followed by a linear map, so its output is a sum over positions:

    token 0 is the mean of the P positions   →  weight of position j in head h:  w(h, j) = a(h, j) + a(h, 0) / P
    embedding  e = Σ_j e_j,   e_j = W_c concat_h[ w(h, j) (V_h f_j + b_h) ] + b_c / P
    logit      s · ⟨e / ‖e‖, t⟩ = Σ_j s · ⟨e_j, t⟩ / ‖e‖          for a prompt t and the model's scale s

Nothing is left over: the value bias belongs to whoever is attended to (Σ_j w(h, j) = 1), the output bias is shared
evenly. Attention and norm are taken as they are. They depend on all positions, so this divides the logits up; it does
not say what would happen without a position (that is `occlusion`).
"""

import torch
from torch import Tensor

from qualiclip.models.backbone import MeanQueryPooling
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.targets import Value


def position_weights(pooling: MeanQueryPooling, positions: Tensor) -> Tensor:
    """Weight (heads, P) of each position (P, C) in the pooling, the mean token's share given back to the positions."""
    tokens = torch.cat([positions.mean(dim=0, keepdim=True), positions])  # (1 + P, C)
    attention = pooling.attention(tokens[None])[0]  # (heads, 1 + P)
    return attention[:, 1:] + attention[:, :1] / len(positions)


def contributions(model: QualityModel, feature_map: Tensor) -> Tensor:
    """Contributions (h, w, K, 2) of a feature map's positions (1, C, h, w) to the similarities; they sum to them."""
    pooling, prompts = model.backbone.attnpool, model.prompt_features
    height, width = feature_map.shape[-2:]
    with torch.no_grad():
        positions = feature_map[0].flatten(1).T  # (P, C)
        values = pooling.v_proj(positions).unflatten(1, (pooling.heads, -1))  # (P, heads, size)
        weighted = position_weights(pooling, positions).T[..., None] * values  # (P, heads, size)
        shares = weighted.flatten(1) @ pooling.c_proj.weight.T + pooling.c_proj.bias / len(positions)  # (P, D)
        cosines: Tensor = torch.einsum("jd,kpd->jkp", shares, prompts) / shares.sum(dim=0).norm()  # (P, K, 2)
    return cosines.view(height, width, *prompts.shape[:2])


def attribution_grid(model: QualityModel, feature_map: Tensor, value: Value) -> Tensor:
    """Contribution (h, w) of each position to a target, in logits: the sum is the model's scale times the target."""
    return model.unit * value(contributions(model, feature_map))
