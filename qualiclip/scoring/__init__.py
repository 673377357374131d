"""Pictures in, reports out: one, many, at every level of a degradation."""
