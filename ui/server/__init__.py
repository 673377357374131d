"""How the page is served: limits, endpoints, headers."""
