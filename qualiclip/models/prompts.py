"""The antonym prompts that stand for good and bad quality."""

from collections.abc import Sequence
from dataclasses import dataclass

from qualiclip.checks import check_several
from qualiclip.errors import UsageError, shown


@dataclass(frozen=True)
class PromptPair:
    """A pair of antonym prompts; `positive` describes the better picture."""

    positive: str
    negative: str

    def __post_init__(self) -> None:
        """Check the pair.

        Raises:
            UsageError: if a prompt is no text.
        """
        for prompt in (self.positive, self.negative):
            if not isinstance(prompt, str):
                raise UsageError(f"a prompt must be a text, got {shown(prompt)}")


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


def check_pairs(pairs: Sequence[PromptPair]) -> None:
    """Check that there are prompt pairs.

    Raises:
        UsageError: if there is none, or something else among them.
    """
    check_several("prompt pairs", pairs)
    if not pairs or not all(isinstance(pair, PromptPair) for pair in pairs):
        raise UsageError("a model needs prompt pairs, at least one; parse_pair() reads one from a text")


def parse_pair(text: str) -> PromptPair:
    """A pair written as "positive|negative".

    Raises:
        UsageError: if there are not two texts with a bar between them.
    """
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"prompt pair {text!r}: expected two texts with a bar between, as 'Good photo.|Bad photo.'")
    return PromptPair(*parts)
