"""CLIP's RN50 as published (arXiv 2103.00020), written plainly from a state dict: to test ours against.

Attention pooling as in the authors' QualiCLIP: every token is a query, token 0 is returned, no positional embedding.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]


def norm(x: Tensor, state: State, name: str) -> Tensor:
    mean, var, weight, bias = (
        state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias


def block(x: Tensor, state: State, name: str, stride: int) -> Tensor:
    out = functional.relu(norm(functional.conv2d(x, state[f"{name}.conv1.weight"]), state, f"{name}.bn1"))
    out = functional.relu(norm(functional.conv2d(out, state[f"{name}.conv2.weight"], padding=1), state, f"{name}.bn2"))
    if stride > 1:
        out = functional.avg_pool2d(out, stride)
    out = norm(functional.conv2d(out, state[f"{name}.conv3.weight"]), state, f"{name}.bn3")
    if f"{name}.downsample.0.weight" in state:
        x = functional.avg_pool2d(x, stride) if stride > 1 else x
        x = norm(functional.conv2d(x, state[f"{name}.downsample.0.weight"]), state, f"{name}.downsample.1")
    return functional.relu(out + x)


def attention(x: Tensor, state: State, name: str, heads: int, mask: Tensor | None = None) -> Tensor:
    """Multi-head self-attention of tokens (T, C), with separate projections named q_proj, k_proj, v_proj."""
    q, k, v = (functional.linear(x, state[f"{name}.{p}_proj.weight"], state[f"{name}.{p}_proj.bias"]) for p in "qkv")
    size = x.shape[1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        logits = q[:, part] @ k[:, part].T / math.sqrt(size)
        outputs.append(torch.softmax(logits if mask is None else logits + mask, dim=-1) @ v[:, part])
    return torch.cat(outputs, dim=1)


def encode_image(image: Tensor, state: State) -> Tensor:
    """Embedding (D,), not normalised, of an image (3, H, W) in [0, 1]; keys start with "visual."."""
    state = {key.removeprefix("visual."): value for key, value in state.items() if key.startswith("visual.")}
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).to(image)[:, None, None]
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).to(image)[:, None, None]
    x = ((image - mean) / std)[None]
    for index, stride in ((1, 2), (2, 1), (3, 1)):
        x = functional.conv2d(x, state[f"conv{index}.weight"], stride=stride, padding=1)
        x = functional.relu(norm(x, state, f"bn{index}"))
    x = functional.avg_pool2d(x, 2)
    for layer in range(1, 5):
        count = len({key.split(".")[1] for key in state if key.startswith(f"layer{layer}.")})
        for index in range(count):
            x = block(x, state, f"layer{layer}.{index}", 2 if layer > 1 and index == 0 else 1)
    tokens = x[0].flatten(1).T  # (h·w, C)
    tokens = torch.cat([tokens.mean(dim=0, keepdim=True), tokens])
    pooled = attention(tokens, state, "attnpool", tokens.shape[1] // 64)
    return functional.linear(pooled, state["attnpool.c_proj.weight"], state["attnpool.c_proj.bias"])[0]


def encode_embedded(x: Tensor, end: int, state: State) -> Tensor:
    """Unit embedding (D,) of token embeddings (T, width) whose text ends at the token of that number."""
    x = x + state["positional_embedding"]
    mask = torch.full((len(x), len(x)), -math.inf, dtype=x.dtype).triu(1)
    width = x.shape[1]
    count = len({key.split(".")[2] for key in state if key.startswith("transformer.resblocks.")})
    for name in (f"transformer.resblocks.{index}" for index in range(count)):
        split = dict(state)
        for part, weight, bias in zip(
            "qkv",
            state[f"{name}.attn.in_proj_weight"].chunk(3),
            state[f"{name}.attn.in_proj_bias"].chunk(3),
            strict=True,
        ):
            split[f"{name}.attn.{part}_proj.weight"], split[f"{name}.attn.{part}_proj.bias"] = weight, bias
        normed = functional.layer_norm(x, (width,), state[f"{name}.ln_1.weight"], state[f"{name}.ln_1.bias"])
        attended = attention(normed, split, f"{name}.attn", width // 64, mask)
        x = x + functional.linear(attended, state[f"{name}.attn.out_proj.weight"], state[f"{name}.attn.out_proj.bias"])
        normed = functional.layer_norm(x, (width,), state[f"{name}.ln_2.weight"], state[f"{name}.ln_2.bias"])
        hidden = functional.linear(normed, state[f"{name}.mlp.c_fc.weight"], state[f"{name}.mlp.c_fc.bias"])
        hidden = hidden * torch.sigmoid(1.702 * hidden)
        x = x + functional.linear(hidden, state[f"{name}.mlp.c_proj.weight"], state[f"{name}.mlp.c_proj.bias"])
    x = functional.layer_norm(x, (width,), state["ln_final.weight"], state["ln_final.bias"])
    return functional.normalize(x[end] @ state["text_projection"], dim=0)


def encode_text(tokens: Tensor, state: State) -> Tensor:
    """Unit embedding (D,) of tokens (T,)."""
    return encode_embedded(state["token_embedding.weight"][tokens], int(tokens.argmax()), state)


def score(embedding: Tensor, features: Tensor, scale: float) -> float:
    """Mean over the pairs of softmax(scale · cosines)[positive]; features (2·K, D), positive and negative in turn."""
    cosines = functional.normalize(embedding, dim=0) @ functional.normalize(features, dim=1).T
    return float(torch.softmax(scale * cosines.view(-1, 2), dim=1)[:, 0].mean())
