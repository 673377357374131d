"""Reports of the gMAD competition: the pictures on which two models disagree most."""
