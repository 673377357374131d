"""Tone curves: cubic splines through given knots, applied to every sample."""

import numpy as np
from torch import Tensor


def apply_curve(image: Tensor, knots: tuple[tuple[float, float], ...]) -> Tensor:
    """Every sample mapped by the not-a-knot cubic spline through (0, 0), the knots and (1, 1), clamped to [0, 1]."""
    from scipy.interpolate import CubicSpline

    x, y = zip((0.0, 0.0), *knots, (1.0, 1.0), strict=True)
    spline = CubicSpline(x, y)
    a, b, c, d = spline.c[:, 0].tolist()  # the first piece; at each knot a cubic of the distance to it is added
    result: Tensor = ((a * image + b) * image + c) * image + d
    for knot, bend in zip(x[1:-1], np.diff(spline.c[0]).tolist(), strict=True):
        if abs(bend) > 1e-9:  # at the first and the last knot a not-a-knot spline does not bend
            result = result + bend * (image - knot).clamp(min=0) ** 3
    return result.clamp(0, 1)
