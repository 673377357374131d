"""A score taken apart in numbers: its arithmetic, and its dependence on size and place."""
