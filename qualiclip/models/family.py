"""What a family of models is: all that scorers, commands, endpoints, evaluation, heatmaps and tabs ask of a model.

A family is one room beside this file and one row in `families.py`; nobody else asks which family a model is of.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from qualiclip.ambient import without_gradients

from .prompts import PromptPair
from .targets import TARGETS, Target
from .windows import window_evidence


@dataclass(frozen=True)
class PairReport:
    """One prompt pair: the cosines to both prompts, and the probability in [0, 1] of the positive one."""

    positive: str
    negative: str
    probability: float
    similarity_positive: float
    similarity_negative: float


@dataclass(frozen=True)
class Part:
    """A part of a score: its name, its value on the scale of the family, and what that value says."""

    name: str
    value: float
    meaning: str


@dataclass(frozen=True)
class Judgement:
    """What a model says of one picture: the score, the parts it is made of, and prompt pairs where it has them."""

    score: float
    parts: tuple[Part, ...]
    pairs: tuple[PairReport, ...] = ()


class Family(nn.Module, ABC):
    """A model that judges the quality of pictures of any size from a feature map.

    The way to the feature map is split at stride 16, so that large pictures can be computed in tiles; `upper` may not
    look further than that. A family says which sizes its networks have by these two alone.

    Attributes:
        family: Its name.
        range: The least and the largest score; higher is better.
        pairs: The prompts that the score is made of; none where there are no prompts.
        scale: Factor of the cosines before the softmax, where there is one.
    """

    family: ClassVar[str]
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    @property
    def pairs(self) -> tuple[PromptPair, ...]:
        """Prompt pairs of the model."""
        return ()

    @property
    def scale(self) -> float | None:
        """Factor of the cosines before the softmax."""
        return None

    @property
    @abstractmethod
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts of every score, in their order."""

    @property
    def encoder(self) -> nn.Module:
        """The network whose weights training makes, and the untrained twin has at random."""
        return self

    @property
    def targets(self) -> Mapping[str, Target]:
        """What a heatmap can be asked for, by name; "good", "bad" and "difference" are among them."""
        return TARGETS

    @property
    def unit(self) -> float:
        """What makes two models' values of a target comparable, as a factor: logits, where there is a softmax."""
        return self.scale or 1.0

    @abstractmethod
    def lower(self, image: Tensor) -> Tensor:
        """Features (N, C', H/16, W/16) of an image (N, 3, H, W) in [0, 1]."""

    @abstractmethod
    def upper(self, features: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of the features at stride 16; its positions are 32 px apart."""

    def feature_map(self, image: Tensor) -> Tensor:
        """Feature map (N, C, h, w) of an image (N, 3, H, W) in [0, 1]: the dear part."""
        return self.upper(self.lower(image))

    @abstractmethod
    def evidence(self, feature_map: Tensor) -> Tensor:
        """What speaks for and against quality (N, K, 2), differentiable, from a feature map: what targets read."""

    @abstractmethod
    def score(self, feature_map: Tensor) -> Tensor:
        """Score (N,) of a feature map (N, C, h, w)."""

    @abstractmethod
    def judge(self, feature_map: Tensor) -> Judgement:
        """Score and parts of one feature map (1, C, h, w)."""

    @without_gradients()
    def local_evidence(self, feature_map: Tensor) -> Tensor:
        """Evidence (h, w, K, 2) of each position of a feature map (1, C, h, w), taken alone."""
        positions = feature_map[0].flatten(1).T[..., None, None]  # (h·w, C, 1, 1)
        evidence = self.evidence(positions)  # (h·w, K, 2)
        return evidence.view(*feature_map.shape[-2:], *evidence.shape[1:])

    @without_gradients()
    def window_evidence(self, feature_map: Tensor) -> Tensor:
        """Evidence (h, w, K, 2) of the 3 × 3 positions around each position of a feature map (1, C, h, w)."""
        return window_evidence(self.evidence, feature_map)

    @abstractmethod
    def settings_dict(self) -> dict[str, Any]:
        """The settings as plain data, for the file."""

    @classmethod
    @abstractmethod
    def from_settings(cls, data: Mapping[str, Any]) -> "Family":
        """A model of these settings whose weights are yet to be loaded.

        Raises:
            KeyError, TypeError, ValueError, UsageError: if the settings can't be understood.
        """

    def finish(self) -> None:
        """What is to be done after weights were loaded."""

    def forward(self, image: Tensor) -> Tensor:
        """Evidence (N, K, 2) of an image (N, 3, H, W) in [0, 1]."""
        return self.evidence(self.feature_map(image))
