"""QualiCLIP Studio's core: degradations, the quality model, scoring."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .scoring import Failure, PairReport, QualityReport, Scorer, load

__version__ = "0.1.0"
__all__ = ["Failure", "PairReport", "QualityReport", "Scorer", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import scoring when it is first asked for: degradations and losses can be used without open_clip."""
    if name in __all__:
        from . import scoring

        return getattr(scoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
