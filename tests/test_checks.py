"""Settings and scores that are no finite numbers are refused by name, and never get into JSON."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import qualiclip
from explain.checks.records import Settings
from explain.maps.heatmaps import explain_finely, explain_image
from explain.numbers.resolution import ResolutionSettings
from qualiclip.agreement.gmad import GmadSettings
from qualiclip.checks import finite
from qualiclip.drawing.overlay import overlay
from qualiclip.errors import InputError, UsageError, WeightsError
from qualiclip.models.backbone import RN50
from qualiclip.models.prompts import PromptPair
from qualiclip.models.qualiclip import ModelSettings, QualityModel
from qualiclip.pictures import DEFAULT_LIMITS, image_to_picture
from qualiclip.scoring.scorer import Scorer, load
from qualiclip.weights.checkpoints import save_checkpoint
from qualiclip.weights.loading import Checkpoint
from train.recipes.overrides import override
from train.recipes.settings import LossSettings, Recipe
from train.recipes.table import RECIPES
from ui.commands.explain import ExplainSettings
from ui.studio.sweeps import SweepRequest

EXPLAIN = ExplainSettings("gradcam", "good", 32, "viridis", 0.5)
GMAD = GmadSettings(levels=2, tolerance=0.1, pairs=1, every_level=False)
SWEEP = SweepRequest("a.png", "compact", 64, 0, ("jpeg",))
NUMBERS = {  # settings that are numbers, and one value that is right
    **{(EXPLAIN, "opacity"): 0.5, (GMAD, "tolerance"): 0.1, (GMAD, "levels"): 2, (GMAD, "pairs"): 1},
    **{(ModelSettings(RN50), "scale"): 100, (Settings(), "level"): 4, (SWEEP, "side"): 64},
    **{(ResolutionSettings(), name): value for name, value in (("grid", 3), ("overlap", 0.5), ("min_side", 64))},
    **{(RN50, name): 32 for name in ("width", "heads", "embedding_size")},
    **{(Recipe(), name): getattr(Recipe(), name) for name in ("learning_rate", "scale", "weight_decay", "warmup")},
    **{(Recipe(), name): getattr(Recipe(), name) for name in ("pristine_enlargement", "largest_gradient", "steps")},
    **{(LossSettings(), name): 1.0 for name in ("ranking_margin", "consistency_weight", "across_weight")},
}


@pytest.fixture
def scorer(tiny_model: QualityModel) -> Scorer:
    return Scorer(Checkpoint("tiny", tiny_model, "0" * 64), engine="fused", limits=DEFAULT_LIMITS)


def refusal(kind: type[Exception], function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    words = str(caught.value)
    assert "\n" not in words
    assert len(words) < 500
    return words


def test_settings_are_finite_numbers_and_the_culprit_is_named_alone() -> None:
    for (settings, name), right in NUMBERS.items():
        replace(settings, **{name: right})
        for wrong in (math.nan, math.inf, -math.inf, "1", None, True, [1]):
            if (name, wrong) == ("side", None):  # the whole picture
                continue
            words = refusal(UsageError, replace, settings, **{name: wrong})
            assert name in words, words
            assert "Settings(" not in words, words


def test_settings_on_the_command_line_are_finite_numbers() -> None:
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "[1]", "true"):
        for name in ("learning_rate", "losses.ranking_margin", "scale"):
            said = refusal(UsageError, override, RECIPES["smoke"], [f"{name}={text}"])
            assert name.rpartition(".")[2] in said, (text, said)
    said = refusal(UsageError, override, RECIPES["smoke"], ["losses.ranking_margin=NaN"])
    assert said == "margins and weights must be finite and not negative; losses.ranking_margin is nan"
    assert refusal(UsageError, override, RECIPES["smoke"], ["scale=1e999"]) == "scale must be a finite number, got inf"


def test_models_take_positive_scales_of_moderate_size_and_prompt_pairs(tiny_checkpoint: Path) -> None:
    for scale in (math.nan, math.inf, -1.0, 0, 1e30, "100", True):
        assert "positive scale" in refusal(UsageError, load, str(tiny_checkpoint), scale=scale)
    for pairs in ("Good photo.|Bad photo.", PromptPair("a", "b"), (), ("ab",), ("Good photo.", "Bad photo.")):
        assert "prompt pairs" in refusal(UsageError, load, "qualiclip", pairs=pairs)
    assert "a prompt must be a text, got 3" in refusal(UsageError, PromptPair, "Good photo.", 3)
    for name in (None, 3, ["compact"]):
        assert refusal(UsageError, load, name).startswith("model must be a name, got ")
        assert refusal(UsageError, load, "compact", engine=name).startswith("engine must be a name, got ")


def test_a_backbone_names_the_count_that_is_wrong() -> None:
    assert refusal(UsageError, replace, RN50, blocks=(3, 4, 0, 3)).endswith("whole numbers; block count is 0")
    assert refusal(UsageError, replace, RN50, width=8.5).endswith("width is 8.5")
    assert "must be a list, got '3463'" in refusal(UsageError, replace, RN50, blocks="3463")


def test_weights_that_are_no_numbers_give_no_score(tiny_model: QualityModel, photo: Tensor, tmp_path: Path) -> None:
    with torch.no_grad():
        tiny_model.backbone.attnpool.c_proj.bias[3] = math.nan
    path = tmp_path / "damaged.safetensors"
    save_checkpoint(tiny_model, path, training={}, dtype=torch.float32)
    said = refusal(WeightsError, load(str(path), engine="fused").score, photo)
    assert said == "damaged.safetensors: gives a score that is no number; get its weights again"


def test_one_picture_is_not_taken_for_many(scorer: Scorer, photo: Tensor) -> None:
    picture = image_to_picture(photo)
    singles = ("a.png", b"a", Path("a.png"), None, 5, picture, photo, photo[0], np.asarray(picture))
    for single in singles:
        assert refusal(UsageError, scorer.score_many, single).startswith("pictures to score must be a list, got ")
    expected = [scorer.score(photo), scorer.score(photo)]
    for several in ([photo, photo], (photo, photo), iter([photo, photo]), torch.stack([photo, photo])):
        assert list(scorer.score_many(several)) == expected
    assert [result.path for result in scorer.score_many(np.array(["a.png", "b.png"]))] == ["a.png", "b.png"]


def test_one_text_is_not_taken_for_many() -> None:
    assert "methods must be a list, got 'gradcam'" in refusal(UsageError, Settings, methods="gradcam")
    assert "types must be a list, got 'jpeg'" in refusal(UsageError, Settings, types="jpeg")
    assert "leave_out must be a list, got 'blur'" in refusal(UsageError, Recipe, leave_out="blur")
    assert "must be a list, got 'jpeg'" in refusal(UsageError, replace, SWEEP, names="jpeg")
    assert "shares must be a list, got '0.5'" in refusal(UsageError, ResolutionSettings, shares="0.5")


def test_images_to_encode_and_features_to_explain_are_tensors(scorer: Scorer, photo: Tensor) -> None:
    for image in (None, np.zeros((3, 64, 64)), photo[None], photo[:1], (photo * 255).byte()):
        assert "an image must be a floating tensor (3, H, W), got " in refusal(InputError, scorer.encode, image)
    model, features = scorer.model, scorer.encode(photo)
    asked: dict[str, Any] = {"method": "gradcam", "target": "good"}
    for wrong in (None, features[0], features.numpy()):
        said = refusal(InputError, explain_image, model, photo, wrong, **asked)
        assert said.startswith("a feature map must be a floating tensor")
    for wrong in (None, photo[None], photo.numpy()):
        said = refusal(InputError, explain_image, model, wrong, features, **asked)
        assert said.startswith("an image must be a floating tensor")
    for name in ("method", "target"):
        for value in (None, 3, ["good"]):
            said = refusal(UsageError, explain_image, model, photo, features, **{**asked, name: value})
            assert f"heatmap {name} must be a name, got " in said
    said = refusal(InputError, explain_finely, model, scorer.encode, photo[None], target="good", stride=16)
    assert said.startswith("an image must be a floating tensor (3, H, W), got (1, 3, 96, 128)")


def test_what_has_a_past_can_be_scored_and_explained(scorer: Scorer, photo: Tensor) -> None:
    image = photo.clone().requires_grad_()
    features = scorer.encode(image)
    assert scorer.report(image, features) == scorer.score(photo)
    past = features.clone().requires_grad_()
    for method in ("gradcam", "ablation", "quality_map", "occlusion"):
        maps = [explain_image(scorer.model, photo, one, method=method, target="good") for one in (features, past)]
        assert np.array_equal(maps[0].values, maps[1].values)


def test_overlays_name_what_is_wrong(photo: Tensor) -> None:
    picture, values = image_to_picture(photo), np.zeros((96, 128), dtype=np.float32)
    for opacity in (math.nan, math.inf, 1.1, "1", None):
        said = refusal(UsageError, overlay, picture, values, colormap="viridis", signed=False, opacity=opacity)
        assert said.startswith("opacity must ")
    for colormap in (None, 3, ["viridis"], "jet"):
        said = refusal(UsageError, overlay, picture, values, colormap=colormap, signed=False, opacity=0.5)
        assert "colour map" in said


def test_json_has_none_for_what_is_no_number() -> None:
    data = {"a": (1.0, math.nan), "b": [{"c": -math.inf, "d": "NaN"}], "e": 3, "f": None, "g": True}
    assert finite(data) == {"a": [1.0, None], "b": [{"c": None, "d": "NaN"}], "e": 3, "f": None, "g": True}


def test_reports_of_a_model_are_finite_at_every_scale(tiny_checkpoint: Path, photo: Tensor) -> None:
    for scale in (1e-300, 1e-3, 1e6):
        report = qualiclip.load(str(tiny_checkpoint), scale=scale, engine="fused").score(photo)
        assert 0 <= report.score <= 1
        assert finite(report.to_dict()) == json.loads(json.dumps(report.to_dict()))
