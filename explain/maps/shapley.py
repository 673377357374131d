"""ShapleyCAM: Grad-CAM whose channel weights are corrected by the curvature of the target.

The weight of a channel is the mean over the positions of g - H f / 2, with the gradient g and the Hessian matrix H of
the target at the features f. The mean of a gradient over the positions is the derivative by a shift that all positions
share, and H f the derivative of g by a factor on all features. So both come from a function of C + 1 numbers, whatever
the size of the picture; the library's second derivative by every feature takes three times as long.
Source: Cai, CAMs as Shapley value-based explainers, 2025.
"""

import torch
from torch import Tensor

from qualiclip.models.backbone import MeanQueryPooling
from qualiclip.models.parts import similarities
from qualiclip.models.qualiclip import QualityModel
from qualiclip.models.targets import Value


def pool_changed(pooling: MeanQueryPooling, positions: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
    """Embedding (1, D), not of unit length, of positions (P, C) times a factor () plus a shift (C,)."""
    channels = positions.shape[-1]
    size = channels // pooling.heads
    tokens = torch.cat([positions.mean(dim=0, keepdim=True), positions])  # (1 + P, C)
    query = pooling.q_proj(factor * tokens[0] + shift).view(pooling.heads, size)
    keys = pooling.k_proj.weight.view(pooling.heads, size, channels)
    folded = torch.einsum("hs,hsc->hc", query, keys) * size**-0.5
    attention = torch.softmax(factor * (folded @ tokens.T), dim=-1)  # what the shift adds is the same for all tokens
    pooled = factor * (attention @ tokens) + shift  # (heads, C)
    values = pooling.v_proj.weight.view(pooling.heads, size, channels)
    value = torch.einsum("hc,hsc->hs", pooled, values).reshape(1, -1) + pooling.v_proj.bias
    embedding: Tensor = pooling.c_proj(value)
    return embedding


def shapley_grid(model: QualityModel, feature_map: Tensor, value: Value) -> Tensor:
    """Map (h, w) of a feature map (1, C, h, w)."""
    positions = feature_map[0].flatten(1).T.detach()  # (P, C)
    with torch.enable_grad():  # the caller may have turned gradients off
        factor = torch.ones((), dtype=torch.float32, requires_grad=True)
        shift = torch.zeros(positions.shape[-1], dtype=torch.float32, requires_grad=True)
        embedding = pool_changed(model.backbone.attnpool, positions, factor, shift)
        outcome = value(similarities(model.prompt_features, embedding)[0])
        (gradient,) = torch.autograd.grad(outcome, shift, create_graph=True)
        # The gradient's own derivative by the factor: by way of a direction, for autograd gives sums over components.
        direction = torch.zeros_like(gradient, requires_grad=True)
        (by_factor,) = torch.autograd.grad(gradient @ direction, factor, create_graph=True)
        (curved,) = torch.autograd.grad(by_factor, direction)
    weights = (gradient.detach() - curved / 2) / len(positions)
    return (positions @ weights).view(feature_map.shape[-2:])
