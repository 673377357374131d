"""The picture of docs/architecture.md, drawn from the imports: rooms on floors, and a line down to what each knows."""

import graphlib
import html
import itertools

from tests.house import FILES, MODULES, PACKAGES, ROOT, module_of, own_imports, room_of

PICTURE = ROOT / "docs" / "architecture.svg"
BOX, HIGH, ACROSS, DOWN, EDGE, TITLE = 128, 30, 14, 26, 16, 26  # px
COLORS = {"ui": "#dbe4ff", "explain": "#fff3bf", "train": "#d3f9d8", "qualiclip": "#ffe3e3"}
ENTRIES = ("__main__", "app")

Graph = dict[str, set[str]]


def rooms() -> set[str]:
    """Every room that holds code."""
    found = {room_of(module) for module in MODULES if module not in PACKAGES and not module.endswith(ENTRIES)}
    return found - {"ui.tabs"}  # holds rooms, and no code of its own


def arrows() -> Graph:
    """Which rooms each room knows."""
    known: Graph = {room: set() for room in rooms()}
    for path in FILES:
        for one in own_imports(path):
            here, there = module_of(path), one.module
            if here not in PACKAGES and there not in PACKAGES and not here.endswith(ENTRIES):
                known[room_of(here)].add(room_of(there))
    return {room: others - {room} for room, others in known.items()}


def reduced(graph: Graph) -> Graph:
    """The graph without the arrows that a longer way says, too."""
    reached: Graph = {}
    for room in graphlib.TopologicalSorter(graph).static_order():
        reached[room] = set().union(graph[room], *(reached[other] for other in graph[room]))
    return {room: {one for one in known if not any(one in reached[o] for o in known)} for room, known in graph.items()}


def floors(graph: Graph) -> list[list[str]]:
    """Rooms by the longest way down from them, the highest first; what no room knows stands at the top."""
    height: dict[str, int] = {}
    for room in graphlib.TopologicalSorter(graph).static_order():
        height[room] = 1 + max((height[other] for other in graph[room]), default=-1)
    known = set().union(*graph.values())
    height |= dict.fromkeys(graph.keys() - known, max(height.values()))
    levels = [sorted(room for room, at in height.items() if at == level) for level in set(height.values())]
    return levels[::-1]


def _inside(graph: Graph, package: str) -> Graph:
    own = {room for room in graph if room.split(".")[0] == package}
    return {room: graph[room] & own for room in own}


def _text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "middle", weight: str = "normal") -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{html.escape(words)}</text>'


def _package(package: str, graph: Graph, x: float, y: float) -> tuple[list[str], float, float]:
    """Shapes of a package at a place, and how wide and high it is."""
    own = _inside(graph, package)
    levels = floors(own)
    widest = max(map(len, levels))
    width = 2 * EDGE + widest * (BOX + ACROSS) - ACROSS
    height = TITLE + len(levels) * (HIGH + DOWN) - DOWN + 2 * EDGE
    places: dict[str, tuple[float, float]] = {}
    for row, level in enumerate(levels):
        left = x + (width - len(level) * (BOX + ACROSS) + ACROSS) / 2
        for column, room in enumerate(level):
            places[room] = left + column * (BOX + ACROSS), y + TITLE + EDGE + row * (HIGH + DOWN)
    shapes = [f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" fill="{COLORS[package]}"/>']
    shapes.append(_text(x + EDGE, y + TITLE, f"{package}/", size=16, anchor="start", weight="bold"))
    for room, below in sorted(reduced(own).items()):
        for other in sorted(below):
            (x1, y1), (x2, y2) = places[room], places[other]
            shapes.append(f'<path d="M{x1 + BOX / 2:g} {y1 + HIGH:g} L{x2 + BOX / 2:g} {y2:g}" stroke="#868e96"/>')
    for room, (left, top) in sorted(places.items()):
        shapes.append(
            f'<rect x="{left:g}" y="{top:g}" width="{BOX}" height="{HIGH}" rx="4" fill="white" stroke="#495057"/>'
        )
        shapes.append(_text(left + BOX / 2, top + HIGH / 2 + 4, room.partition(".")[2]))
    return shapes, width, height


def drawing() -> str:
    """The picture as SVG: ui above explain and train, which do not know each other, above qualiclip."""
    graph = arrows()
    shapes: list[str] = []
    sizes = {}
    for package in PACKAGES:
        _, *sizes[package] = _package(package, graph, 0, 0)
    middle = sizes["explain"][0] + EDGE + sizes["train"][0]
    width = max(sizes["ui"][0], middle, sizes["qualiclip"][0]) + 2 * EDGE
    y = float(EDGE)
    for row in (("ui",), ("explain", "train"), ("qualiclip",)):
        x = (width - sum(sizes[package][0] for package in row) - EDGE * (len(row) - 1)) / 2
        for package in row:
            shapes += _package(package, graph, x, y)[0]
            x += sizes[package][0] + EDGE
        y += max(sizes[package][1] for package in row) + EDGE
    counts = itertools.groupby(sorted(_between(graph)))
    said = " · ".join(f"{one} → {other} {len(list(group))}" for (one, other), group in counts)
    shapes.append(_text(width / 2, y + 8, f"Arrows between rooms of different packages: {said}", size=11))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {y + EDGE:g}" font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *shapes, "</svg>", ""])


def _between(graph: Graph) -> list[tuple[str, str]]:
    tops = [(room.split(".")[0], other.split(".")[0]) for room, known in graph.items() for other in known]
    return [(one, other) for one, other in tops if one != other]


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawing(), encoding="utf-8")


if __name__ == "__main__":
    main()
