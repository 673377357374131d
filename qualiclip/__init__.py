"""QualiCLIP Studio's core: degradations, the quality model, scoring."""

__version__ = "0.1.0"
