"""Files of degradation maps: safetensors with the settings of the network and the record of its training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from qualiclip.errors import WeightsError
from qualiclip.models.degradation_map import DegradationMap

from .checkpoints import read_file, save_tensors

FORMAT = "qualiclip-degradation-map-1"


def save_map(network: DegradationMap, path: Path, *, training: Mapping[str, Any]) -> None:
    """Write a network with its training record, in half precision. The file appears whole or not at all.

    Raises:
        WeightsError: if it can't be written.
    """
    metadata = {
        "format": FORMAT,
        "settings": json.dumps({"width": network.width}),
        "training": json.dumps(dict(training)),
    }
    save_tensors(network, path, metadata, dtype=torch.float16)


def load_map(path: Path) -> tuple[DegradationMap, dict[str, Any]]:
    """The network of a file, in eval mode, single precision and without gradients, and the record of its training.

    Raises:
        WeightsError: if the file is of another format, or damaged.
    """
    metadata, state = read_file(path)
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path.name}: no degradation map; give a file that `python -m train fit` made of a map")
    try:
        width = json.loads(metadata["settings"])["width"]
        training = dict(json.loads(metadata["training"]))
        network = DegradationMap(width)
        network.load_state_dict(state)  # copies, into single precision
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path.name}: its weights do not fit its settings; get it again") from error
    return network.to(torch.float32).eval().requires_grad_(False), training
