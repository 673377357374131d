"""How well the scores of a model agree with those of people."""
