"""Pieces of accessible HTML that several tabs show."""
