"""What tabs and endpoints ask for: analyses of pictures, each computed once."""
