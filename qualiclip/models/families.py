"""The table of families: how a checkpoint of ours says whose model it holds."""

from collections.abc import Mapping
from types import MappingProxyType

from .family import Family
from .qualiclip import QualityModel

FAMILIES: Mapping[str, type[Family]] = MappingProxyType({QualityModel.family: QualityModel})
