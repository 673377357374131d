"""Files of weights: the registry of models, downloads, formats, loading."""
