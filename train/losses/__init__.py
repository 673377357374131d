"""The losses, and how a recipe weighs them."""
