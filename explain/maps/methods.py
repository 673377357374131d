"""The table of heatmap methods: what each does, what it costs, what it knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from qualiclip.models.family import Family
from qualiclip.models.qualiclip import QualityModel

from .attribution import attribution_grid
from .cams import LibraryCam, PrincipalCam, features_alone, gradient_times_features
from .channel_ablation import ablation_grid
from .degradation import degradation_grid
from .occlusion import occlusion_grid
from .quality_map import quality_grid, window_grid
from .shapley import shapley_grid


@dataclass(frozen=True)
class Method:
    """A way to make a heatmap.

    `grid` gives its values (h, w) from a model, a feature map (1, C, h, w) and a target's value; of one that knows the
    `image_alone`, from an image (3, H, W). They are `signed` if
    they tell what lowers the target from what raises it, and have a `unit` if two models' values compare. They work on
    models of the class `of`: some take attention pooling apart. A method that `reports` also takes `progress`, a
    function of how much is done, of how much; an exception in it stops the work.
    """

    label: str
    description: str
    cost: str
    grid: Callable[..., Tensor]
    knows_target: bool = True
    signed: bool = False
    unit: str | None = None
    reports: bool = False
    image_alone: bool = False
    of: type[nn.Module] = Family


_GRADIENT = "Small, one gradient through the pooling."
_PRINCIPAL = "A tenth of a score by compact; above 1,024 positions (1 megapixel) on a pooled feature map."

LOGITS, LEVELS = "logits", "levels"  # units

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "degradation_map": Method(
            "Degradation map",
            "Where the picture looks degraded and how much, by a small network of its own: it explains no score.",
            "A quarter of a score by compact, a twentieth of one by RN50.",
            degradation_grid,
            knows_target=False,
            unit=LEVELS,
            image_alone=True,
        ),
        "gradcam": Method(
            "Grad-CAM",
            "Weighs each channel by its mean gradient. The usual choice.",
            _GRADIENT,
            LibraryCam("GradCAM"),
            signed=True,
        ),
        "hirescam": Method(
            "HiResCAM",
            "Multiplies gradient and activation at each place.",
            _GRADIENT,
            LibraryCam("HiResCAM"),
            signed=True,
        ),
        "layercam": Method(
            "LayerCAM", "Keeps only gradients that raise the target.", _GRADIENT, LibraryCam("LayerCAM")
        ),
        "gradcam++": Method(
            "Grad-CAM++", "Grad-CAM that counts several places.", _GRADIENT, LibraryCam("GradCAMPlusPlus")
        ),
        "xgradcam": Method(
            "XGradCAM",
            "Grad-CAM with channels scaled by their activation.",
            _GRADIENT,
            LibraryCam("XGradCAM"),
            signed=True,
        ),
        "elementwise": Method(
            "Element-wise Grad-CAM",
            "HiResCAM without what lowers the target in a channel; here, where no feature is negative, it is LayerCAM.",
            _GRADIENT,
            LibraryCam("GradCAMElementWise"),
        ),
        "shapleycam": Method(
            "ShapleyCAM",
            "Grad-CAM corrected by the curvature of the target.",
            "Small, two gradients through the pooling.",
            shapley_grid,
            of=QualityModel,
            signed=True,
        ),
        "eigengradcam": Method(
            "EigenGradCAM",
            "The main pattern of gradient times activation; it can't tell raising from lowering.",
            _PRINCIPAL,
            PrincipalCam("EigenGradCAM", gradient_times_features),
        ),
        "eigencam": Method(
            "EigenCAM",
            "Where the features differ most from their mean, whatever the target.",
            _PRINCIPAL,
            PrincipalCam("EigenCAM", features_alone),
            knows_target=False,
        ),
        "kpcacam": Method(
            "KPCA-CAM",
            "EigenCAM with a curved measure of difference, whatever the target.",
            _PRINCIPAL,
            PrincipalCam("KPCA_CAM"),
            knows_target=False,
        ),
        "attribution": Method(
            "Attribution",
            "What each place contributes; all contributions add up to the model's logits exactly.",
            "Small, no gradient but the value of every place.",
            attribution_grid,
            of=QualityModel,
            signed=True,
            unit=LOGITS,
        ),
        "quality_map": Method(
            "Local quality",
            "What the model would say of each place alone.",
            "Small, as for attribution; finer positions take 4 or 16 encodings of the picture.",
            quality_grid,
            signed=True,
            unit=LOGITS,
        ),
        "quality_windows": Method(
            "Local quality, 3 × 3",
            "What the model would say of the surroundings of each place.",
            "A sixth to a quarter of a score.",
            window_grid,
            signed=True,
            unit=LOGITS,
        ),
        "occlusion": Method(
            "Occlusion",
            "How far the target falls when the features of a place are taken away.",
            "A sixth to a quarter of a score.",
            occlusion_grid,
            of=QualityModel,
            signed=True,
            unit=LOGITS,
            reports=True,
        ),
        "ablation": Method(
            "Channel ablation",
            "Weighs each channel by how far the target falls without it.",
            "About half a score.",
            ablation_grid,
            of=QualityModel,
            signed=True,
            reports=True,
        ),
    }
)
