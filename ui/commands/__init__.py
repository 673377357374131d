"""The command lines, a file per command."""
