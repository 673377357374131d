"""What each part of a recipe is worth."""
