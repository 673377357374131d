"""The antonym prompts that stand for good and bad quality."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PromptPair:
    """A pair of antonym prompts; `positive` describes the better picture."""

    positive: str
    negative: str


# The seven pairs of the authors' release, final dots included. Their repository's own list lacks a comma
# after "Noisy image." and so holds 13 strings; as pairs that slip can't happen.
ANTONYM_PAIRS: tuple[PromptPair, ...] = (
    PromptPair("Good photo.", "Bad photo."),
    PromptPair("Sharp image.", "Blurry image."),
    PromptPair("Sharp edges.", "Blurry edges."),
    PromptPair("High-resolution image.", "Low-resolution image."),
    PromptPair("Noise-free image.", "Noisy image."),
    PromptPair("High-quality image.", "Low-quality image."),
    PromptPair("Good picture.", "Bad picture."),
)
