"""`python -m qualiclip` is the `qualiclip` command."""

from ui.commands.main import main

main()
