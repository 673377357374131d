"""QualiCLIP Studio's core: degradations, quality models, scoring. What is named here is the public door."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .models.family import PairReport
    from .scoring.reports import Failure, QualityReport
    from .scoring.scorer import Scorer, load

# Imported when first asked for: degradations can be used without any network's code.
_HOMES = {
    "Failure": "qualiclip.scoring.reports",
    "PairReport": "qualiclip.models.family",
    "QualityReport": "qualiclip.scoring.reports",
    "Scorer": "qualiclip.scoring.scorer",
    "load": "qualiclip.scoring.scorer",
}
__all__ = ["Failure", "PairReport", "QualityReport", "Scorer", "__version__", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
