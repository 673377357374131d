"""Which heatmap is shown where nobody chose, and how: none finds a degradation better (docs/explanations.md).

And which there are. Apart from the methods themselves, so that a command line can name them, and refuse what is none,
without loading them; a test holds the names against the tables.
"""

DEFAULT_METHOD = "quality_windows"
DEFAULT_TARGET = "difference"
DEFAULT_COLORMAP = "viridis"
DEFAULT_OPACITY = 0.7

METHOD_NAMES = (
    *("gradcam", "hirescam", "layercam", "gradcam++", "xgradcam", "elementwise", "shapleycam"),
    *("eigengradcam", "eigencam", "kpcacam"),
    *("attribution", "quality_map", "quality_windows", "occlusion", "ablation"),
)
TARGET_NAMES = ("good", "bad", "difference")  # of every model; others are prompt pairs of a model, and begin so:
PAIR_START = "pair:"
COLORMAP_NAMES = ("viridis", "cividis", "magma")
STRIDES = (32, 16, 8)
TABLE_ENDINGS = (".txt", ".md", ".csv")  # of how a score is made
