"""Training a quality model without human scores, and evaluating models."""
