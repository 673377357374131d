"""Recipes of every kind by name."""

from collections.abc import Mapping
from types import MappingProxyType

from .maps import MAP_RECIPES, MapRecipe
from .settings import Recipe
from .table import RECIPES

NAMED: Mapping[str, Recipe | MapRecipe] = MappingProxyType({**RECIPES, **MAP_RECIPES})
