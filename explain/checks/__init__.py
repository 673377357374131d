"""Are the heatmaps right? Damage whose place is known, curves of deletion and insertion, random weights."""
