"""Batch: many files, one table."""
