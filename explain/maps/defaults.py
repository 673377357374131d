"""Which heatmap is shown where nobody chose, and how: none finds a degradation better (docs/explanations.md).

And which there are. Apart from the methods themselves, so that a command line can name them, and refuse what is none,
without loading them; a test holds the names against the tables.
"""

from qualiclip.errors import UsageError

DEFAULT_METHOD = "degradation_map"
MODEL_METHOD = "quality_windows"  # where a model's own score is to be explained
DEFAULT_TARGET = "difference"
DEFAULT_COLORMAP = "viridis"
DEFAULT_OPACITY = 0.7

METHOD_NAMES = (
    "degradation_map",
    *("gradcam", "hirescam", "layercam", "gradcam++", "xgradcam", "elementwise", "shapleycam"),
    *("eigengradcam", "eigencam", "kpcacam"),
    *("attribution", "quality_map", "quality_windows", "occlusion", "ablation"),
)
ALONE = ("degradation_map",)  # these ask no model, and so know no target
TARGET_NAMES = ("good", "bad", "difference")  # of every model; others are prompt pairs of a model, and begin so:
PAIR_START = "pair:"
COLORMAP_NAMES = ("viridis", "cividis", "magma")
STRIDES = (32, 16, 8)
TABLE_ENDINGS = (".txt", ".md", ".csv")  # of how a score is made


def chosen(method: str | None, target: str | None) -> tuple[str, str]:
    """Method and target where either was left open: who asks for a target gets a map that knows it.

    Raises:
        UsageError: if the method asks no model, and the target is not the usual one.
    """
    if method in ALONE and target not in (None, DEFAULT_TARGET):
        raise UsageError(f"{method} asks no model and knows no target; leave {target} out, or take {MODEL_METHOD}")
    return method or (MODEL_METHOD if target else DEFAULT_METHOD), target or DEFAULT_TARGET
