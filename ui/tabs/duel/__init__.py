"""Duel: guess which is better, and the pairs on which two models differ."""
