"""The studio's words that do not belong to one widget."""

TITLE = "QualiCLIP Studio"
PROMISE = (
    "Degrade a photo, watch its quality score move, and see where the model looks. "
    "The score needs no reference picture and was trained without human opinions."
)
PRIVACY = (
    "**Privacy.** Pictures are used for what you see here and nothing else. Their temporary files are deleted within "
    "the hour; recent results stay in the server's memory until newer ones replace them. Do not upload what must stay "
    "secret: whoever knows the address of a temporary file can open it until then."
)
HOW_TO_READ = """
**The score** runs from 0 to 1; higher is better. It is the mean, over seven pairs of opposite descriptions, of the
probability that the better description fits. It ranks pictures; it is no percentage of anything. Compare scores of one
model only, and best for pictures of similar size and kind: size and subject change the number too.

**The heatmap** shows which places push this model's score up or down. It is a hint, not a proof: every place sees its
wide surroundings, and another method can give another map.

**The model** learned from photos that were made worse on purpose, never from people's ratings. It knows what such
damage looks like, and nothing else.
"""
HEATMAP_CHECK = (
    "Damage was put on one quarter of photos that `compact` never saw, and every method was asked where it is. "
    "AUROC is how often the map is higher inside than outside: 0.5 is chance, 1 is perfect. A baseline is a map that "
    "needs no model at all, such as one of edges. `python -m explain benchmark` measures any model, on any photos."
)
LIMITS = (
    "**Limits.** The score can't tell whether a picture is beautiful, true or interesting, and can be wrong where blur "
    "or darkness is intended."
)
EMPTY = "Choose an example, or upload or paste a photo, to see its score."
VERDICTS = ("bad", "poor", "fair", "good", "excellent")


def verdict(score: float) -> str:
    """One of five words for a score in [0, 1]; each stands for a fifth of the range."""
    return VERDICTS[min(int(score * len(VERDICTS)), len(VERDICTS) - 1)]


def change(before: float, after: float) -> str:
    """One sentence on what the degradation did to the score."""
    difference = after - before
    if abs(difference) < 0.005:
        return "The score is the same to the eye."
    size = "a little" if abs(difference) < 0.05 else "clearly" if abs(difference) < 0.2 else "much"
    return f"The score {'rises' if difference > 0 else 'falls'} {size}, by {abs(difference):.2f}."
