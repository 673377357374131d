"""Checkpoints of random weights in other people's formats, made from a seed."""

import torch
from open_clip.transformer import QuickGELU, TextTransformer
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.models.backbone import Backbone, BackboneSettings

TINY = BackboneSettings(blocks=(1, 1, 1, 1), width=8, heads=4, embedding_size=32)
TINY_TEXT = {"width": 64, "layers": 2}
RN50_TEXT = {"width": 512, "layers": 12}


def fill_batch_norms(backbone: Backbone, *, branches: tuple[float, float] = (0.05, 0.3)) -> None:
    """Random factors, and the statistics of random clouds: else a fresh network sees hardly any difference.

    Blocks add little to what passes them by (`branches`), as in trained networks: else rounding errors grow from layer
    to layer.
    """
    for name, module in backbone.named_modules():
        if isinstance(module, nn.BatchNorm2d):  # fresh ones are the identity, or 0 at the end of a block
            nn.init.uniform_(module.weight, *(branches if name.endswith("bn3") else (0.5, 1.5)))
            nn.init.normal_(module.bias, std=0.1)
            module.momentum = None  # statistics of all that was seen
    clouds = functional.interpolate(torch.rand((8, 3, 8, 8)), size=(96, 96), mode="bilinear") * 4 - 2
    with torch.no_grad():
        backbone.train()(clouds)


def clip_state(settings: BackboneSettings, text: dict[str, int], *, seed: int) -> dict[str, Tensor]:
    """A CLIP of random weights, under CLIP's names."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = Backbone(settings)
        fill_batch_norms(backbone)
        tower = TextTransformer(
            width=text["width"],
            heads=text["width"] // 64,
            layers=text["layers"],
            output_dim=settings.embedding_size,
            act_layer=QuickGELU,
        )
        positions = torch.randn(50, settings.channels)
    visual = {f"visual.{key}": value for key, value in backbone.state_dict().items()}
    extras = {"logit_scale": torch.tensor(4.6), "visual.attnpool.positional_embedding": positions}
    return {**visual, **tower.state_dict(), **extras}


def official_state(settings: BackboneSettings, text: dict[str, int], *, seed: int) -> dict[str, Tensor]:
    """The same in the format of the authors of QualiCLIP, with embeddings of 14 prompts."""
    features = torch.randn((14, settings.embedding_size), generator=torch.Generator().manual_seed(seed))
    state = {f"clip_model.{key}": value for key, value in clip_state(settings, text, seed=seed).items()}
    return {**state, "prompts_features": functional.normalize(features, dim=1)}
