"""Example photos, embedded weights, texts, styles and scripts: data that the code reads."""
