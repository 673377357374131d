"""The 24 degradations of KADID-10k, as QualiCLIP trains on them: pure functions and one table."""

from .degrade import degrade
from .table import DEGRADATIONS, GROUPS, MAX_LEVEL, MAX_SEED, Degradation

__all__ = ["DEGRADATIONS", "GROUPS", "MAX_LEVEL", "MAX_SEED", "Degradation", "degrade"]
