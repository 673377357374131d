"""Compare: two models or two pictures side by side."""
