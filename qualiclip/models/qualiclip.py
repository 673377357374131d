"""QualityModel: image → feature map → embedding → similarities to the prompts → quality score.

Source: QualiCLIP (arXiv 2403.11176) and the authors' released inference code.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.errors import UsageError

from .backbone import Backbone, BackboneSettings
from .prompts import ANTONYM_PAIRS, PromptPair

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ModelSettings:
    """What a model is made of. `scale` multiplies the similarities before the softmax.

    Source: the authors' code uses a scale of 100; pyiqa's port divides by a temperature of 2, a scale of 50.
    """

    backbone: BackboneSettings
    pairs: tuple[PromptPair, ...] = ANTONYM_PAIRS
    scale: float = 100.0

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: if there is no prompt pair or the scale is not positive.
        """
        if not self.pairs or not self.scale > 0:
            raise UsageError(f"a model needs prompt pairs and a positive scale; got {self}")


class QualityModel(nn.Module):
    """An image encoder and the embeddings of antonym prompts.

    `prompt_features` (K, 2, D) holds unit vectors: for each of the K pairs the positive, then the negative prompt.
    """

    mean: Tensor
    std: Tensor
    prompt_features: Tensor

    def __init__(self, settings: ModelSettings, prompt_features: Tensor) -> None:
        """Make a model with a randomly initialised backbone.

        Raises:
            UsageError: if `prompt_features` does not have the shape (K, 2, D) that the settings ask for.
        """
        super().__init__()
        expected = (len(settings.pairs), 2, settings.backbone.embedding_size)
        if tuple(prompt_features.shape) != expected:
            raise UsageError(f"prompt features must be {expected}, got {tuple(prompt_features.shape)}")
        self.settings = settings
        self.backbone = Backbone(settings.backbone)
        self.register_buffer("prompt_features", functional.normalize(prompt_features.float(), dim=-1))
        self.register_buffer("mean", torch.tensor(CLIP_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(CLIP_STD).view(1, 3, 1, 1), persistent=False)

    def lower(self, image: Tensor) -> Tensor:
        """Output of layer 3 (N, C/2, H/16, W/16) of an image (N, 3, H, W) in [0, 1]."""
        return self.backbone.lower((image - self.mean) / self.std)

    def feature_map(self, image: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of an image (N, 3, H, W) in [0, 1]."""
        return self.backbone.upper(self.lower(image))

    def embed(self, feature_map: Tensor) -> Tensor:
        """Unit embedding (N, D) of a feature map (N, C, h, w)."""
        return functional.normalize(self.backbone.pool(feature_map).float(), dim=-1)

    def similarities(self, feature_map: Tensor) -> Tensor:
        """Cosines (N, K, 2) to the positive and negative prompt of each pair, from a feature map."""
        return torch.einsum("nd,kpd->nkp", self.embed(feature_map), self.prompt_features)

    def probabilities(self, similarities: Tensor) -> Tensor:
        """Probability (N, K) in [0, 1] of each positive prompt against its negative one."""
        return torch.softmax(self.settings.scale * similarities.float(), dim=-1)[..., 0]

    def score(self, feature_map: Tensor) -> Tensor:
        """Quality score (N,) in [0, 1], higher is better: the mean of the probabilities of the pairs."""
        return self.probabilities(self.similarities(feature_map)).mean(dim=-1)

    def forward(self, image: Tensor) -> Tensor:
        """Similarities (N, K, 2) of an image (N, 3, H, W) in [0, 1]."""
        return self.similarities(self.feature_map(image))
