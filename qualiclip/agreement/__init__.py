"""Scores beside opinions: correlation, error, and the pairs on which two models disagree."""
