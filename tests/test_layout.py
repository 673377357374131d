"""The house rules that a program can check: who imports whom, how long things are, and that importing does nothing."""

import ast
import graphlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.house import FILES, MODULES, ROOT, imports, module_of, name_of, own_imports, room_of, tree_of

# From the ground up: a room knows only those before it.
FLOORS = {
    "qualiclip": (
        *(
            "version",
            "assets",
            "errors",
            "prose",
            "outputs",
            "kept",
            "checks",
            "ambient",
            "terminal",
            "machine",
            "decoding",
            "pictures",
            "crops",
            "degradations",
            "models",
        ),
        *("weights", "engines", "scoring", "agreement", "drawing"),
    ),
    "explain": ("maps", "numbers", "checks", "figures"),
    "train": (*("recipes", "samples", "losses", "fit", "evaluate.datasets", "evaluate", "gmad", "few_shot", "ablate"),),
    "ui": (
        *("texts", "guard", "files", "studio", "markup", "frame", "server"),
        *("tabs.inspect", "tabs.sweep", "tabs.compare", "tabs.batch", "tabs.duel", "tabs.lesson"),
        *("page", "smoke", "commands", "publish"),
    ),
}
KNOWN = {  # which packages a package may know
    "qualiclip": set(),
    "explain": {"qualiclip"},
    "train": {"qualiclip"},
    "ui": {"qualiclip", "explain"},
    "app": {"qualiclip", "ui"},
}
RESERVED = {  # who alone imports a library
    "gradio": ("ui.page", "ui.files", "ui.frame", "ui.guard", "ui.server", "ui.tabs", "ui.texts"),
    "gradio_client": ("ui.smoke", "ui.server"),
    "matplotlib": ("explain", "train", "qualiclip.drawing", "ui"),
    "urllib.request": ("qualiclip.weights.download",),
    "socket": ("qualiclip.weights.download", "ui.server.port"),
    "huggingface_hub": ("qualiclip.weights",),
    "jinja2": ("ui.markup",),
    "requests": (),
    "httpx": (),
}
ENTRIES = {"qualiclip.__main__", "explain.__main__", "train.__main__"}
STARTED = {*ENTRIES, "app", "qualiclip", "ui.smoke", "ui.publish.space", "ui.publish.gallery"}  # by people
LONGEST_FILE, LONGEST_FUNCTION = 300, 45


def arrows(path):
    """(module, import) of a file's imports of our own modules, but for the doors, which may know all."""
    module = module_of(path)
    return [] if module in ENTRIES else [(module, one) for one in own_imports(path)]


ARROWS = [arrow for path in FILES for arrow in arrows(path)]


def within(module, rooms):
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def test_packages_know_only_the_packages_below_them():
    wrong = [
        f"{module} knows {one.module}"
        for module, one in ARROWS
        if (top := one.module.split(".")[0]) != (own := module.split(".")[0])
        and top not in KNOWN[own]
        and not within(module, ("ui.commands",))
    ]
    assert not wrong


def test_rooms_know_only_the_floors_below_them():
    def floor(module):
        top, _, room = room_of(module).partition(".")
        return FLOORS[top].index(room)

    wrong = [
        f"{module} looks up to {one.module}"
        for module, one in ARROWS
        if (top := module.split(".")[0]) == one.module.split(".")[0]
        and top not in (module, one.module)
        and floor(one.module) > floor(module)
    ]
    assert not wrong


def test_no_module_reaches_itself():
    graph = {}
    for module, one in ARROWS:
        if not one.for_types:
            graph.setdefault(module, set()).add(one.module)
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError with the circle


def test_no_tab_knows_another():
    wrong = [
        f"{module} knows {one.module}"
        for module, one in ARROWS
        if within(module, ("ui.tabs",)) and within(one.module, ("ui.tabs",)) and room_of(module) != room_of(one.module)
    ]
    assert not wrong


def test_only_command_lines_know_the_commands_and_the_commands_know_no_browser():
    wrong = [
        f"{module} knows {one.module}"
        for module, one in ARROWS
        if within(one.module, ("ui.commands",)) and not within(module, ("ui.commands", "ui.publish"))
    ]
    paths = [path for path in FILES if within(module_of(path), ("ui.commands",))]
    wrong += [f"{name_of(path)} imports gradio" for path in paths for one in imports(path) if one.module == "gradio"]
    assert not wrong


def test_libraries_are_imported_where_they_belong():
    wrong = [
        f"{name_of(path)} imports {one.module}"
        for path in FILES
        for one in imports(path)
        for library, rooms in RESERVED.items()
        if within(one.module, (library,)) and not within(module_of(path), rooms)
    ]
    assert not wrong


def test_private_names_stay_in_their_room():
    wrong = [
        f"{module} imports {one.name} of {one.module}"
        for module, one in ARROWS
        if one.name.startswith("_") and not one.name.startswith("__") and room_of(module) != room_of(one.module)
    ]
    assert not wrong


def test_every_module_is_used():
    used = {one.module for path in FILES for one in own_imports(path)}
    parents = {module.rsplit(".", 1)[0] for module in MODULES if "." in module}
    alone = set(MODULES) - used - parents - STARTED
    texts = (ROOT / "qualiclip" / "__init__.py").read_text(encoding="utf-8")  # names what it imports when asked
    assert not {module for module in alone if f'"{module}"' not in texts}


def test_degradations_and_agreement_know_nothing_of_models():
    free = ("qualiclip.degradations", "qualiclip.agreement")
    allowed = ("qualiclip.errors", "qualiclip.checks", "qualiclip.ambient", *free)
    wrong = [f"{module} knows {one.module}" for module, one in ARROWS if within(module, free)]
    assert not [text for text in wrong if not within(text.rsplit(" ", 1)[1], allowed)]


def test_files_and_functions_are_short():
    long = [
        f"{name_of(path)}: {count} lines"
        for path in FILES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = node.end_lineno - node.lineno + 1
                if count > LONGEST_FUNCTION:
                    long.append(f"{name_of(path)}: {node.name} has {count} lines")
    assert not long


def test_a_public_class_has_its_name_to_itself():
    """One name, one meaning."""
    names = Counter(
        node.name
        for path in FILES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert not [name for name, count in names.items() if count > 1]


def test_global_seeds_are_banned():
    wrong = []
    for path in FILES:
        allowed = 1 if name_of(path) == "train/fit/models.py" else 0  # initial weights, inside fork_rng
        text = path.read_text(encoding="utf-8")
        if len(re.findall(r"(?:torch|np\.random|random)\.(?:manual_seed|seed)\(", text)) > allowed:
            wrong.append(name_of(path))
    assert not wrong


def test_importing_the_core_loads_no_browser_no_plots_and_no_model_library():
    """Degradations can be used without the rest; nothing heavy is loaded by importing the package."""
    code = (
        "import sys, qualiclip, qualiclip.degradations;"
        "heavy = {'gradio', 'matplotlib', 'open_clip', 'pytorch_grad_cam'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def tracked_files():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


def test_no_path_of_a_machine_stands_in_the_repository():
    pattern = re.compile(rb"/(?:home|root|work|Users)/[a-z]")
    texts = {".py", ".md", ".toml", ".txt", ".css", ".json", ".html", ""}
    found = [
        path.name
        for path in tracked_files()
        if path.suffix in texts and path != Path(__file__) and path.is_file() and pattern.search(path.read_bytes())
    ]
    assert not found


def test_every_example_photo_has_its_licence_written_down():
    readme = (ROOT / "assets" / "README.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "assets" / "examples").iterdir())
    assert len(files) >= 6
    for file in files:
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{file.name}`")]
        assert re.search(r"CC0|Public domain", row)
