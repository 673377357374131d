"""QualiCLIP Studio's core: degradations, quality models, scoring. What is named here is the public door."""

import copyreg
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .degradations import DEGRADATIONS, GROUPS, Region, Step, apply_steps, degrade
    from .errors import InputError, QualiclipError, TrainingError, UsageError, WeightsError
    from .models.family import PairReport
    from .models.prompts import PromptPair
    from .pictures import PictureLimits, as_image, image_to_picture
    from .scoring.compare import compare
    from .scoring.reports import Failure, QualityReport
    from .scoring.scorer import Scorer, load
    from .scoring.sweep import SweepRow, sweep

# Imported when first asked for: degradations can be used without any network's code, and scores without the heatmaps,
# which are named here for whoever uses the package; the package itself does not know them.
_HOMES = {
    "DEGRADATIONS": "qualiclip.degradations",
    "Failure": "qualiclip.scoring.reports",
    "GROUPS": "qualiclip.degradations",
    "InputError": "qualiclip.errors",
    "PairReport": "qualiclip.models.family",
    "PictureLimits": "qualiclip.decoding.limits",
    "PromptPair": "qualiclip.models.prompts",
    "QualiclipError": "qualiclip.errors",
    "QualityReport": "qualiclip.scoring.reports",
    "Region": "qualiclip.degradations",
    "Scorer": "qualiclip.scoring.scorer",
    "Step": "qualiclip.degradations",
    "SweepRow": "qualiclip.scoring.sweep",
    "TrainingError": "qualiclip.errors",
    "UsageError": "qualiclip.errors",
    "WeightsError": "qualiclip.errors",
    "apply_steps": "qualiclip.degradations",
    "as_image": "qualiclip.pictures",
    "compare": "qualiclip.scoring.compare",
    "degrade": "qualiclip.degradations",
    "draw_heatmap": "explain.maps.drawing",
    "explain": "explain.maps.heatmaps",
    "image_to_picture": "qualiclip.pictures",
    "load": "qualiclip.scoring.scorer",
    "sweep": "qualiclip.scoring.sweep",
}
__all__ = [
    "DEGRADATIONS",
    "GROUPS",
    "Failure",
    "InputError",
    "PairReport",
    "PictureLimits",
    "PromptPair",
    "QualiclipError",
    "QualityReport",
    "Region",
    "Scorer",
    "Step",
    "SweepRow",
    "TrainingError",
    "UsageError",
    "WeightsError",
    "__version__",
    "apply_steps",
    "as_image",
    "compare",
    "degrade",
    "draw_heatmap",
    "explain",
    "image_to_picture",
    "load",
    "sweep",
]


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _as_dict(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _read_only, (dict(mapping),)


copyreg.pickle(MappingProxyType, _as_dict)  # so that our tables and records can travel to other processes


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
