"""Sweep: one photo at every level of every degradation."""
