"""What all figures share: canvas, lettering, files, heatmaps over pictures."""
