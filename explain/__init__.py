"""Explanations of a quality score: heatmaps and figures."""
