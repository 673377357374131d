"""The 24 degradations of KADID-10k, as QualiCLIP trains on them: pure functions and one table."""

from .degrade import degrade
from .steps import Region, Step, apply_steps, parse_region, parse_step
from .table import DEGRADATIONS, GROUPS, MAX_LEVEL, MAX_SEED, Degradation

__all__ = [
    "DEGRADATIONS",
    "GROUPS",
    "MAX_LEVEL",
    "MAX_SEED",
    "Degradation",
    "Region",
    "Step",
    "apply_steps",
    "degrade",
    "parse_region",
    "parse_step",
]
