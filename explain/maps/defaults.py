"""Which heatmap is shown where nobody chose: none finds damage better (docs/explanations.md).

Apart from the methods themselves, so that a command line can name it without loading them.
"""

DEFAULT_METHOD = "quality_windows"
DEFAULT_TARGET = "difference"
