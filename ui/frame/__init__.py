"""What all tabs share: the panel, links, examples."""
