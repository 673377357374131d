"""Inspect: degrade a photo, see scores and heatmap."""
