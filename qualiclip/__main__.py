"""`python -m qualiclip` is the `qualiclip` command."""

from .cli import main

main()
