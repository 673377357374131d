"""Sets of pictures with human opinions, read as their owners distribute them."""

from .rated import Rated
from .table import DATASETS, Dataset

__all__ = ["DATASETS", "Dataset", "Rated"]
