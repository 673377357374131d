"""QualityModel: image → feature map → embedding → similarities to the prompts → quality score.

Source: QualiCLIP (arXiv 2403.11176) and the authors' released inference code.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from qualiclip.ambient import without_gradients
from qualiclip.checks import is_number
from qualiclip.errors import UsageError, shown

from .backbone import Backbone, BackboneSettings
from .family import Family, Judgement, PairReport, Part
from .prompts import ANTONYM_PAIRS, PromptPair, check_pairs
from .targets import Target, target_table
from .windows import window_similarities

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
LARGEST_SCALE = 10**6  # of the similarities; above, a probability could only be 0 or 1, and logits overflow one day


def check_scale(scale: float) -> None:
    """Check a factor for the similarities before the softmax.

    Raises:
        UsageError: if it is no number, not positive, or so large that nothing but 0 and 1 would come out.
    """
    if not is_number(scale) or not 0 < scale <= LARGEST_SCALE:
        raise UsageError(f"a model needs a positive scale, at most {LARGEST_SCALE}; got {shown(scale)}")


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
        check_pairs(self.pairs)
        check_scale(self.scale)


class QualityModel(Family):
    """An image encoder and the embeddings of antonym prompts.

    `prompt_features` (K, 2, D) holds unit vectors: for each of the K pairs the positive, then the negative prompt.
    """

    family = "QualiCLIP"
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
        self.backbone.float()  # whatever the default dtype
        self.register_buffer("prompt_features", functional.normalize(prompt_features.float(), dim=-1))
        self.register_buffer("mean", torch.tensor(CLIP_MEAN, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(CLIP_STD, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)

    def lower(self, image: Tensor) -> Tensor:
        """Output of layer 3 (N, C/2, H/16, W/16) of an image (N, 3, H, W) in [0, 1]."""
        return self.backbone.lower((image - self.mean) / self.std)

    def upper(self, features: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of the output of layer 3."""
        return self.backbone.upper(features)

    @property
    def pairs(self) -> tuple[PromptPair, ...]:
        """Prompt pairs of the model."""
        return self.settings.pairs

    @property
    def scale(self) -> float:
        """Factor of the cosines before the softmax."""
        return self.settings.scale

    @property
    def part_names(self) -> tuple[str, ...]:
        """The positive prompts."""
        return tuple(pair.positive for pair in self.pairs)

    @property
    def encoder(self) -> nn.Module:
        """The image encoder."""
        return self.backbone

    @property
    def targets(self) -> Mapping[str, Target]:
        """The score as a whole, and each prompt pair."""
        return target_table(self.pairs)

    def embed(self, feature_map: Tensor) -> Tensor:
        """Unit embedding (N, D) of a feature map (N, C, h, w)."""
        return functional.normalize(self.backbone.pool(feature_map).float(), dim=-1)

    def similarities(self, feature_map: Tensor) -> Tensor:
        """Cosines (N, K, 2) to the positive and negative prompt of each pair, from a feature map."""
        return torch.einsum("nd,kpd->nkp", self.embed(feature_map), self.prompt_features)

    def evidence(self, feature_map: Tensor) -> Tensor:
        """The similarities."""
        return self.similarities(feature_map)

    def probabilities(self, similarities: Tensor) -> Tensor:
        """Probability (N, K) in [0, 1] of each positive prompt against its negative one."""
        return torch.softmax(self.settings.scale * similarities.float(), dim=-1)[..., 0]

    def score(self, feature_map: Tensor) -> Tensor:
        """Quality score (N,) in [0, 1], higher is better: the mean of the probabilities of the pairs."""
        return self.probabilities(self.similarities(feature_map)).mean(dim=-1)

    @without_gradients()
    def judge(self, feature_map: Tensor) -> Judgement:
        """Score of one feature map (1, C, h, w), with the similarities and the probability of every pair."""
        similarities = self.similarities(feature_map)  # (1, K, 2)
        probabilities = self.probabilities(similarities)  # (1, K)
        rows = zip(self.pairs, probabilities[0].tolist(), similarities[0].tolist(), strict=True)
        pairs = tuple(PairReport(pair.positive, pair.negative, share, *cosines) for pair, share, cosines in rows)
        parts = tuple(Part(one.positive, one.probability, f"rather than “{one.negative}”") for one in pairs)
        return Judgement(probabilities.mean().item(), parts, pairs)

    @without_gradients()
    def local_evidence(self, feature_map: Tensor) -> Tensor:
        """Similarities (h, w, K, 2) of each position of a feature map (1, C, h, w), taken alone."""
        return self.local_similarities(feature_map)[0]

    def local_similarities(self, feature_map: Tensor) -> Tensor:
        """Similarities (N, h, w, K, 2) of each position of feature maps (N, C, h, w) alone, by its value path."""
        pooling, positions = self.backbone.attnpool, feature_map.permute(0, 2, 3, 1)  # (N, h, w, C)
        embeddings = functional.normalize(pooling.c_proj(pooling.v_proj(positions)), dim=-1)  # (N, h, w, D)
        return torch.einsum("nhwd,kpd->nhwkp", embeddings, self.prompt_features)

    @without_gradients()
    def window_evidence(self, feature_map: Tensor) -> Tensor:
        """Similarities (h, w, K, 2) of the 3 × 3 positions around each position, pooled as pictures are."""
        return window_similarities(self.backbone.attnpool, self.prompt_features, feature_map)

    def settings_dict(self) -> dict[str, Any]:
        """The settings as plain data."""
        return asdict(self.settings)

    @classmethod
    def from_settings(cls, data: Mapping[str, Any]) -> "QualityModel":
        """A model of these settings, its prompts yet to be loaded."""
        settings = parse_settings(data)
        return cls(
            settings, torch.zeros((len(settings.pairs), 2, settings.backbone.embedding_size), dtype=torch.float32)
        )

    def finish(self) -> None:
        """Make the embeddings of the prompts unit vectors again: rounding in the file shortened them."""
        self.prompt_features.copy_(functional.normalize(self.prompt_features, dim=-1))


def require_quality_model(model: Family, purpose: str) -> QualityModel:
    """The model as one of this family, for what only this family has: prompts, attention pooling, this recipe.

    Raises:
        UsageError: if it is of another family.
    """
    if not isinstance(model, QualityModel):
        raise UsageError(f"{purpose} needs a model of the family {QualityModel.family}, this one is {model.family}")
    return model


def parse_settings(data: Mapping[str, Any]) -> ModelSettings:
    """Model settings from their JSON form."""
    backbone = dict(data["backbone"])
    return ModelSettings(
        backbone=BackboneSettings(**{**backbone, "blocks": tuple(backbone["blocks"])}),
        pairs=tuple(PromptPair(**pair) for pair in data["pairs"]),
        scale=data["scale"],
    )
