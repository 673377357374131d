"""Variants of a recipe, each with one thing changed, and what their results say of that thing."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from qualiclip.degradations import GROUPS
from qualiclip.errors import UsageError, look_up
from train.recipes.overrides import override
from train.recipes.settings import Recipe

FULL = "full"
TERMS = ("consistency", "positive", "negative", "across", "anchor", "steadiness", "local")

# What each variant changes of the recipe, written as on the command line. Groups are left out besides those that the
# recipe itself leaves out.
VARIANTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        FULL: (),
        **{f"without-{term}": (f"losses.{term}_weight=0",) for term in TERMS},
        "with-local": ("losses.local_weight=1",),
        "levels-3": ("levels=3",),
        "levels-5": ("levels=5",),
        "one-degradation": ("composed=1",),
        "two-degradations": ("composed=2",),
        "one-pair": ("pairs=1",),
        "seven-pairs": ("pairs=7",),
        **{f"without-{group.replace('_', '-')}": (f'leave_out=["{group}"]',) for group in GROUPS},
    }
)


# What to run


@dataclass(frozen=True)
class PlannedRun:
    """One training: a variant with a seed, and the folder for all that belongs to it."""

    variant: str
    recipe: Recipe
    folder: Path


def vary(recipe: Recipe, name: str) -> Recipe:
    """The variant of that name of a recipe.

    Raises:
        UsageError: if there is no such variant, or this recipe can't have it.
    """
    assignments = look_up(VARIANTS, name, kind="variant")
    try:
        changed = override(recipe, list(assignments))
        added = tuple(group for group in changed.leave_out if group not in recipe.leave_out)
        changed = replace(changed, leave_out=(*recipe.leave_out, *added))
    except UsageError as error:
        raise UsageError(f"variant {name}: {error}; choose others with --variants") from error
    if not any(getattr(changed.losses, f"{term}_weight") for term in TERMS):
        raise UsageError(f"variant {name}: no loss is left, every weight is 0; choose others with --variants")
    return changed


def choose_variants(recipe: Recipe, names: Sequence[str]) -> dict[str, Recipe]:
    """The variants of those names in the order of the table, all if there are none; the full recipe always.

    Those that are the full recipe under another name are left out.

    Raises:
        UsageError: if a name is unknown, or this recipe can't have a variant.
    """
    for name in names:
        look_up(VARIANTS, name, kind="variant")
    wanted = {FULL, *(names or VARIANTS)}
    recipes = {name: vary(recipe, name) for name in VARIANTS if name in wanted}
    return {name: varied for name, varied in recipes.items() if name == FULL or varied != recipe}


def plan_runs(variants: Mapping[str, Recipe], seeds: int, out: Path) -> list[PlannedRun]:
    """Each variant with as many seeds, from its recipe's on; all variants have had one seed before the next begins.

    Raises:
        UsageError: if there is not at least one seed.
    """
    if seeds < 1:
        raise UsageError(f"seeds must be at least 1, got {seeds}")
    return [
        PlannedRun(name, replace(recipe, seed=seed), out / name / f"seed-{seed}")
        for number in range(seeds)
        for name, recipe in variants.items()
        for seed in [recipe.seed + number]
    ]


# What came out


@dataclass(frozen=True)
class Result:
    """What was measured of one run, by the names of the measures."""

    variant: str
    seed: int
    measures: Mapping[str, float]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1 in the denominator) over seeds; None for that of one seed."""

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class VariantSummary:
    """A measure of a variant over its seeds, and what it has more than the full recipe with the same seeds."""

    value: Spread
    difference: Spread


def spread(values: Iterable[float]) -> Spread:
    """Mean and standard deviation of at least one number."""
    numbers = list(values)
    return Spread(statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None)


def summarize(results: Sequence[Result], measure: str) -> dict[str, VariantSummary]:
    """One measure of each variant; every variant must have the seeds of the full recipe."""
    values = {(result.variant, result.seed): result.measures[measure] for result in results}
    seeds = [result.seed for result in results if result.variant == FULL]
    return {
        variant: VariantSummary(
            spread(values[variant, seed] for seed in seeds),
            spread(values[variant, seed] - values[FULL, seed] for seed in seeds),
        )
        for variant in dict.fromkeys(result.variant for result in results)
    }
