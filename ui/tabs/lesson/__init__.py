"""How it works: six steps on one's own photo."""
