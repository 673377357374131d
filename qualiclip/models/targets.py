"""What a heatmap is asked for: what raises the score, what lowers it, the difference, or one prompt pair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from torch import Tensor

from qualiclip.errors import UsageError, look_up, unknown_name

from .prompts import PromptPair

Value = Callable[[Tensor], Tensor]
PAIR, PAIR_LABEL = "pair:", "Pair: "


@dataclass(frozen=True)
class Target:
    """A linear function of a model's evidence (…, K, 2), such as similarities to prompts, with values (…).

    `rising` describes it for maps that show only what raises it.
    """

    label: str
    description: str
    rising: str
    value: Value
    signed: bool


def _positive(similarities: Tensor) -> Tensor:
    return similarities[..., 0].mean(dim=-1)


def _negative(similarities: Tensor) -> Tensor:
    return similarities[..., 1].mean(dim=-1)


def _difference(similarities: Tensor) -> Tensor:
    return _positive(similarities) - _negative(similarities)


def _difference_of_pair(similarities: Tensor, *, index: int) -> Tensor:
    return similarities[..., index, 0] - similarities[..., index, 1]


_GOOD, _BAD = (f"Places that raise the similarity to the {kind} prompts." for kind in ("positive", "negative"))
TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "good": Target("Good quality", _GOOD, _GOOD, _positive, signed=False),
        "bad": Target("Bad quality", _BAD, _BAD, _negative, signed=False),
        "difference": Target(
            "Difference",
            "Places that raise the score (blue) and places that lower it (red).",
            "Places that raise the score.",
            _difference,
            signed=True,
        ),
    }
)


def _pair_target(index: int, pair: PromptPair) -> Target:
    return Target(
        f"{PAIR_LABEL}{pair.positive}",
        f"Places that speak for “{pair.positive}” (blue) and for “{pair.negative}” (red).",
        f"Places that speak for “{pair.positive}”.",
        partial(_difference_of_pair, index=index),
        signed=True,
    )


def target_table(pairs: Sequence[PromptPair]) -> dict[str, Target]:
    """All targets of a model with these prompt pairs: those of every model, and `pair:1` and so on."""
    return {**TARGETS, **{f"{PAIR}{index + 1}": _pair_target(index, pair) for index, pair in enumerate(pairs)}}


def find_target(name: str, table: Mapping[str, Target]) -> Target:
    """The target of that name in a model's table; a pair may be named by its number or a part of its positive prompt.

    Raises:
        UsageError: if there is none, or if several pairs fit.
    """
    if not isinstance(name, str):
        raise unknown_name("heatmap target", name, table)
    words = name.removeprefix(PAIR).strip().casefold()
    if name in table or words == name.casefold() or words.isdecimal():
        return look_up(table, name, kind="heatmap target")
    positives = {key: row.label.removeprefix(PAIR_LABEL) for key, row in table.items() if key.startswith(PAIR)}
    found = [key for key, positive in positives.items() if words and words in positive.casefold()]
    if not found:
        raise unknown_name("prompt pair", name.removeprefix(PAIR), positives.values() or ["this model has none"])
    if len(found) > 1:
        fitting = ", ".join(f"{key} ({positives[key]})" for key in found)
        raise UsageError(f"heatmap target {name!r} fits several pairs; choose one of {fitting}")
    return table[found[0]]
