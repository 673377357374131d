"""Heatmaps: the methods, what they are asked, how their values lie on the picture."""
