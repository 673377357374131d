"""Every setting of a training, as data."""
