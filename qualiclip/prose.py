"""Numbers and tables as people read them: a true minus, and Markdown."""

from collections.abc import Iterable, Sequence


def decimal(value: float, digits: int = 3, *, plus: bool = False) -> str:
    """A number with so many digits after the point and a minus as wide as a plus, which is written where asked for."""
    return f"{value:{'+' if plus else ''}.{digits}f}".replace("-", "−")


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """Lines of a table in Markdown, whatever its cells hold; with `numbers`, all columns but the first are set right.

    A line break in a cell becomes a space.
    """
    rest = "---:" if numbers else "---"
    rule = "|".join(["", "---", *[rest] * (len(columns) - 1), ""])
    return [_markdown_row(columns), rule, *map(_markdown_row, rows)]


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"
