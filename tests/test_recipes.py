"""Tests of recipes and of settings changed from the command line."""

from dataclasses import fields, replace

import pytest
from typer.testing import CliRunner

from qualiclip.errors import UsageError
from train.__main__ import app
from train.recipes.overrides import override
from train.recipes.settings import LossSettings, Recipe
from train.recipes.table import PAPER_DOUBTS, RECIPES

SMOKE = RECIPES["smoke"]


def test_doubts_are_about_settings_there_are() -> None:
    known = {field.name for field in fields(Recipe)} | {f"losses.{field.name}" for field in fields(LossSettings)}
    assert set(PAPER_DOUBTS) <= known


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_shown_as_the_changes_that_give_it(name: str) -> None:
    lines = CliRunner().invoke(app, ["show", name]).stdout.splitlines()
    assignments = [line.partition("  # ")[0] for line in lines]
    assert override(Recipe(), assignments) == RECIPES[name]
    doubts = [line.partition("  # ")[2] for line in lines if "  # " in line]
    assert sorted(doubts) == (sorted(PAPER_DOUBTS.values()) if name == "paper" else [])


def test_the_order_of_assignments_does_not_count() -> None:
    both = ["smallest_scale=0.1", "largest_scale=0.2"]  # in between, the smallest would exceed the largest
    assert override(SMOKE, both) == override(SMOKE, both[::-1])


def test_levels_lie_evenly_up_to_5() -> None:
    assert Recipe(levels=4).level_values == (0, 1.25, 2.5, 3.75, 5)
    assert Recipe(levels=5, with_pristine=False).level_values == (1, 2, 3, 4, 5)


def test_assignments_replace_fields_and_fields_of_fields() -> None:
    changed = override(
        SMOKE,
        ["steps=9", "learning_rate=1", "precision=bf16", "losses.ranking_margin=0.5", "backbone.blocks=[1,2,1,1]"],
    )
    expected = replace(
        SMOKE, steps=9, learning_rate=1.0, precision="bf16", losses=replace(SMOKE.losses, ranking_margin=0.5),
        backbone=replace(SMOKE.backbone, blocks=(1, 2, 1, 1)),
    )  # fmt: skip
    assert changed == expected
    assert isinstance(changed.learning_rate, float)
    assert override(SMOKE, []) == SMOKE


@pytest.mark.parametrize(
    ("assignment", "text"),
    [
        ("stepps=3", "unknown setting 'stepps'; did you mean steps"),
        ("losses.ranking=3", "unknown setting 'ranking'; did you mean ranking_margin"),
        ("steps", "'steps': expected FIELD=VALUE"),
        ("steps=many", "steps: 'many' is not a number, true, false or list"),
        ("steps=1.5", "steps: expected int, got 1.5"),
        ("steps=true", "steps: expected int, got true"),
        ("checkpointing=1", "checkpointing: expected bool, got 1"),
        ("losses=1", "losses: expected LossSettings, got 1"),
        ("steps=0", "steps, batch, composed, accumulate, log_every and save_every must be at least 1"),
        ("crop=31", "crop must be at least 32 px"),
        ("overlap=1.1", r"overlap must lie in \[0, 1\]"),
        ("smallest_scale=0", "scales must be 0 < smallest <= largest <= 1"),
        ("largest_scale=0.4", "scales must be 0 < smallest <= largest <= 1"),
        ("steps.foo=3", "steps has no part 'foo'; it is a single value"),
        ('backbone.blocks=["a", 1, 1, 1]', "blocks: expected a list of int"),
        ("backbone.embedding_size=12", "the embedding needs at least 14 dimensions"),
        ("largest_enlargement=3", r"largest_enlargement must lie in \[1, crop / 32\]"),
        ("enlarge_chance=2", "chances must be shares of 1"),
        ("workers=-1", "workers and holdout_every must not be negative"),
        ("warmup=NaN", "warmup must be a share of 1"),
        ("losses.across_gap=0", "across_gap at least 1"),
        ("losses.ranking_margin=-1", "must be finite and not negative"),
        ("learning_rate=NaN", "learning_rate and scale must be above 0"),
        ("composed=8", "composed must be at most 7, the number of groups"),
        ("pairs=8", r"pairs must lie in \[1, 7\]"),
        ("levels=0", "there must be at least two levels"),
        ("accumulate=3", "batch must be a multiple of accumulate"),
        ("level_jitter=0.6", r"level_jitter must lie in \[0, 0\.5\]"),
        ("variation=3", r"variation must lie in \[0, 2\]"),
        ("pristine_enlargement=0.5", "pristine_enlargement must be at least 1"),
        ("precision=fp8", "precision must be fp32 or bf16 or fp16, got 'fp8'"),
        ("batch_norm=off", "batch_norm must be batch or frozen, got 'off'"),
        ("schedule=step", "schedule must be cosine or constant, got 'step'"),
        ("losses.reduction=max", "reduction must be mean or sum, got 'max'"),
        ('leave_out=["blurr"]', "unknown group of degradations 'blurr'; did you mean blur"),
        ("leave_out=[1]", "leave_out: expected a list of str"),
        ("base_level=9", r"base_level must lie in \[0, 5\]"),
    ],
)
def test_assignments_that_make_no_sense_are_refused(assignment: str, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        override(SMOKE, [assignment])
