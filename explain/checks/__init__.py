"""Are the heatmaps right? Degradations whose place is known, curves of deletion and insertion, random weights."""
