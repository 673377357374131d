"""Which model stands beside another."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from qualiclip.errors import UsageError
from qualiclip.models.untrained import TRAINED, UNTRAINED
from ui.texts import say

UNTUNED = "clip-rn50"

PARTNERS: Mapping[str, str] = MappingProxyType(
    {"qualiclip": UNTUNED, UNTUNED: "qualiclip", TRAINED: UNTRAINED, UNTRAINED: TRAINED}
)


def other_model(left: str, wanted: str, served: Collection[str]) -> str:
    """The model on the right: the one that is wanted, if it is another one than on the left; else what suits it.

    That is the untuned or untrained twin, or the one whose twin it is; else any other model.

    Raises:
        UsageError: if no other model is served.
    """
    candidates = (wanted, PARTNERS.get(left, UNTUNED), *served)
    found = next((name for name in candidates if name in served and name != left), None)
    if found is None:
        raise UsageError(f"{left} is the only model that is served; compare two pictures instead")
    return found


def model_title(model: str) -> str:
    """A model's name for people; that of the untrained one says what it is."""
    return say("model/untrained") if model == UNTRAINED else model
