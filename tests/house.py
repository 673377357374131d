"""The project's imports, read from its source: what the test of the layout checks and docs/architecture.md draws."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("qualiclip", "explain", "train", "ui")
FILES = [*sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")), ROOT / "app.py"]


@dataclass(frozen=True)
class Import:
    """One imported name: of which module, where it stands in the file, and whether it is imported for types only."""

    module: str
    name: str
    line: int
    for_types: bool = False


def name_of(path: Path) -> str:
    """Path of a file inside the project."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """Dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def _base(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def _for_types(path: Path) -> set[ast.AST]:
    blocks = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.If)]
    marked = [block for block in blocks if "TYPE_CHECKING" in ast.unparse(block.test)]
    return {node for block in marked for part in block.body for node in ast.walk(part)}


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Every import of a file, those inside functions too."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[Import]:
    typed = _for_types(path)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, "", node.lineno, node in typed) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(path, node)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                module, name = (full, "") if full in MODULES else (base, alias.name)
                yield Import(module, name, node.lineno, node in typed)


def own_imports(path: Path) -> list[Import]:
    """Those of the project's own modules."""
    return [one for one in imports(path) if one.module in MODULES and one.module != module_of(path)]


def room_of(module: str) -> str:
    """The folder of a module; a file that lies beside the rooms of its package is a room of its own."""
    path = MODULES[module]
    return ".".join(path.parent.relative_to(ROOT).parts) if len(path.relative_to(ROOT).parts) > 2 else module
