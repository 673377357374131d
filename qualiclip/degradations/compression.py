"""Compression: JPEG and JPEG 2000, by Pillow's codecs. They run on the CPU, on 8-bit values."""

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from qualiclip.errors import InputError

JPEG_LONGEST_SIDE = 65500  # of libjpeg


def _recompress(image: Tensor, **options: Any) -> Tensor:
    values = (image.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    picture = Image.fromarray(values.permute(1, 2, 0).cpu().numpy())
    with io.BytesIO() as file:
        picture.save(file, **options)
        decoded = np.array(Image.open(file).convert("RGB"))
    return torch.from_numpy(decoded).permute(2, 0, 1).to(image) / 255


def jpeg(image: Tensor, quality: float, generator: Generator) -> Tensor:
    """Image after JPEG at a quality of 1..100 (rounded), colours at half resolution. Source: KADID-10k, type 10.

    Raises:
        InputError: if a side is longer than the file format allows.
    """
    if max(image.shape[-2:]) > JPEG_LONGEST_SIDE:
        raise InputError(f"JPEG allows sides of at most {JPEG_LONGEST_SIDE} px, got {tuple(image.shape[-2:])}")
    return _recompress(image, format="JPEG", quality=round(quality), subsampling="4:2:0")


def jpeg2000(image: Tensor, ratio: float, generator: Generator) -> Tensor:
    """Image after JPEG 2000 at a compression ratio (1 = uncompressed size). Source: KADID-10k, type 9.

    Up to 8 resolutions, fewer where the image is too small for them.
    """
    resolutions = max(1, min(8, min(image.shape[-2:]).bit_length()))
    return _recompress(
        image,
        format="JPEG2000",
        quality_mode="rates",
        quality_layers=[float(ratio)],
        num_resolutions=resolutions,
        progression="LRCP",
    )
