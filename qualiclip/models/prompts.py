"""The antonym prompts that stand for good and bad quality."""

from dataclasses import dataclass

from qualiclip.errors import UsageError


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


def parse_pair(text: str) -> PromptPair:
    """A pair written as "positive|negative".

    Raises:
        UsageError: if there are not two texts with a bar between them.
    """
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"prompt pair {text!r}: expected two texts with a bar between, as 'Good photo.|Bad photo.'")
    return PromptPair(*parts)
