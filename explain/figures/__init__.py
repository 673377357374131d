"""Figures for lectures and papers."""
