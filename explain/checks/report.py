"""What a benchmark of the heatmaps leaves in its folder: measurements as CSV, means as JSON, tables as Markdown."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from qualiclip.agreement.bootstrap import RESAMPLES
from qualiclip.checks import finite
from qualiclip.degradations.masks import SHAPES
from qualiclip.outputs import row_file, whole_file, write_text
from qualiclip.prose import markdown_table

from .localisation import Estimate
from .records import BLUR_LEVEL, MAIN_SHAPE, SPACING, Results, Settings
from .summary import CHANCE, DIFFERENCE_GOAL, BenchmarkSummary, Best, CurveRow, MapRow, WeightRow, compared

LOCALISATION_COLUMNS = (
    *("picture", "degradation", "shape", "share", "score_before", "score_after", "kind", "map"),
    *("auroc", "energy", "pointing"),
)
CURVE_COLUMNS = ("picture", "map", "curve", "step", "score")
WEIGHT_COLUMNS = ("picture", "method", "correlation")
UNLIKE = 0.5  # mean magnitude of a rank correlation above which maps hardly depend on the weights


@dataclass(frozen=True)
class AboutBenchmark:
    """What was measured on what: the model, its weights and numbers, the pictures, their short side in px, settings."""

    model: str
    weights_sha256: str
    engine: str
    version: str
    data: str
    pictures: tuple[str, ...]
    short_side: int
    settings: Settings
    precision: str = "fp32"


# Every single measurement


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with whole_file(path) as draft, row_file(draft) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _curve_cells(results: Results) -> Iterable[tuple[object, ...]]:
    for found in results.curves:
        for name, scores in (("deletion", found.curves.deletion), ("insertion", found.curves.insertion)):
            for step, score in enumerate(scores):
                yield found.picture, found.map, name, step, score


def write_measurements(out: Path, results: Results) -> None:
    """Write `localisation.csv`, `curves.csv` and `weights.csv`, a row for each measurement."""
    localisation = (
        (
            *(found.picture, found.degradation, found.shape, found.share, found.before, found.after),
            *(found.kind, found.map, found.found.auroc, found.found.energy, found.found.pointing),
        )
        for found in results.localisation
    )
    _write_csv(out / "localisation.csv", LOCALISATION_COLUMNS, localisation)
    _write_csv(out / "curves.csv", CURVE_COLUMNS, _curve_cells(results))
    weights = ((found.picture, found.method, found.correlation) for found in results.weights)
    _write_csv(out / "weights.csv", WEIGHT_COLUMNS, weights)


# All numbers


def to_dict(summary: BenchmarkSummary, about: AboutBenchmark) -> dict[str, object]:
    """Everything as plain data, ready for JSON; verdicts are in words."""
    plain = {
        **asdict(about),
        "localisation": [{**asdict(row), "verdict": row.verdict} for row in summary.rows],
        "best": [
            {
                "degradation": best.degradation,
                "drop": asdict(best.drop),
                "map": best.row.map,
                "auroc": asdict(best.row.auroc),
                "goal": best.goal,
                "baseline": best.baseline.map,
                "baseline_auroc": asdict(best.baseline.auroc),
                "over_baseline": asdict(best.over_baseline),
                "verdict": best.verdict,
            }
            for best in summary.best
        ],
        "curves": [asdict(row) for row in summary.curves],
        "weights": [asdict(row) for row in summary.weights],
    }
    found: dict[str, object] = finite(plain)
    return found


# Tables


def _interval(value: Estimate) -> str:
    return f"{value.mean:.2f} [{value.low:.2f}, {value.high:.2f}]"


def _goal(best: Best) -> str:
    if best.goal is None:
        return "–"
    return f"≥ {best.goal:.2f}: {'met' if best.row.auroc.mean >= best.goal else 'not met'}"


def _best_table(summary: BenchmarkSummary) -> list[str]:
    rows = [
        (
            *(f"`{best.degradation}`", _interval(best.drop), best.row.map, _interval(best.row.auroc), _goal(best)),
            *(f"{best.baseline.map} {best.baseline.auroc.mean:.2f}", best.verdict),
        )
        for best in summary.best
    ]
    columns = ("degradation", "score falls by", "best method", "AUROC [95 %]", "goal", "best baseline", "in words")
    return markdown_table(columns, rows)


def _auroc_cell(row: MapRow) -> str:
    sure = row.map == CHANCE or row.verdict == "better than random"
    return _interval(row.auroc) + ("" if sure else " °" if row.verdict.startswith("no") else " °°")


def _map_table(summary: BenchmarkSummary, kinds: Sequence[str]) -> list[str]:
    degradations = [best.degradation for best in summary.best]
    rows = []
    for kind in kinds:
        for first in summary.select(kind=kind, degradation=degradations[0], shape=MAIN_SHAPE):
            found = [_find(summary, first, degradation) for degradation in degradations]
            label = f"*{first.map}*" if kind == "baseline" else first.map
            rows.append((label, *(_auroc_cell(row) for row in found)))
    return markdown_table(("map", *(f"`{name}`" for name in degradations)), rows)


def _find(summary: BenchmarkSummary, like: MapRow, degradation: str) -> MapRow:
    rows = summary.select(kind=like.kind, degradation=degradation, shape=MAIN_SHAPE)
    return next(row for row in rows if row.map == like.map)


def _in_words(summary: BenchmarkSummary) -> list[str]:
    """A sentence for each degradation that some methods do not find."""
    lines = []
    for best in summary.best:
        rows = summary.select(kind="map", degradation=best.degradation, shape=MAIN_SHAPE)
        for verdict in ("no better than random", "worse than random"):
            names = [row.map for row in rows if row.verdict == verdict]
            if names:
                lines.append(f"- On `{best.degradation}` {verdict}: {', '.join(names)}.")
    return (
        ["", "In words:", "", *lines]
        if lines
        else ["", "Every method is better than the random map on every degradation."]
    )


def _measure_table(summary: BenchmarkSummary) -> list[str]:
    rows = []
    for row in [*summary.select(kind="map"), *summary.select(kind="baseline")]:
        shapes = [
            _interval(other.auroc) for shape in SHAPES for other in summary.select(shape=shape) if _same(other, row)
        ]
        label = f"*{row.map}*" if row.kind == "baseline" else row.map
        rows.append((label, *shapes, _interval(row.energy), _interval(row.pointing)))
    shapes_used = [shape for shape in SHAPES if summary.select(shape=shape)]
    columns = ("map", *(f"AUROC, {shape}" for shape in shapes_used), "energy", "pointing")
    return markdown_table(columns, rows)


def _same(one: MapRow, other: MapRow) -> bool:
    return (one.kind, one.map) == (other.kind, other.map)


def _curve_table(rows: Sequence[CurveRow]) -> list[str]:
    cells = [
        (
            row.map,
            *map(_interval, (row.deletion, row.insertion, row.gain, row.over_random, row.over_edges)),
            _curve_words(row),
        )
        for row in rows
    ]
    columns = ("order", "area, deletion", "area, insertion", "gain", "over random order", "over edges", "in words")
    return markdown_table(columns, cells)


def _curve_words(row: CurveRow) -> str:
    others = ((CHANCE, row.over_random), ("edges", row.over_edges))
    return ", ".join(f"{compared(difference)} than {name}" for name, difference in others if name != row.map)


def _weight_table(rows: Sequence[WeightRow]) -> list[str]:
    cells = [(row.method, _interval(row.correlation), _interval(row.magnitude), _weight_words(row)) for row in rows]
    return markdown_table(("method", "rank correlation", "its magnitude", "in words"), cells)


def _weight_words(row: WeightRow) -> str:
    if row.magnitude.mean > UNLIKE:
        return "the map hardly depends on what was learned"
    return "the map changes with the weights"


def _facts(about: AboutBenchmark) -> str:
    settings = about.settings
    return (
        f"{len(about.pictures)} {about.data}, short side reduced to {about.short_side} px; degradation at level "
        f"{settings.level:g}, seed {settings.seed}. Model {about.model}, weights {about.weights_sha256[:12]}, engine "
        f"{_engine(about)}, QualiCLIP Studio {about.version}. Intervals: 95 % percentile bootstrap, {RESAMPLES} "
        f"resamples of the pictures. Maps are compared with the masks every {SPACING} px."
    )


def _engine(about: AboutBenchmark) -> str:
    return about.engine if about.precision == "fp32" else f"{about.engine} ({about.precision})"


def _difference_words(summary: BenchmarkSummary) -> str:
    rows = summary.select(kind="difference", shape=MAIN_SHAPE)
    best = max((row for row in rows if row.map != "features"), key=lambda row: row.auroc.mean)
    met = "met" if best.auroc.mean >= DIFFERENCE_GOAL else "not met"
    return (
        f"Over all types best: {best.map}, {_interval(best.auroc)}; goal ≥ {DIFFERENCE_GOAL:.2f}: {met}. *features* is "
        "the length of the change of the feature map at each place: it says where something changed, not what that "
        "does to the score."
    )


def to_markdown(summary: BenchmarkSummary, about: AboutBenchmark) -> str:
    """All tables, the answer first."""
    lines = [f"# Where `{about.model}` sees a degradation", "", _facts(about), ""]
    lines += [
        "## Best method for each degradation",
        "",
        "A quadrant is degraded; the degraded picture alone is explained.",
        "",
    ]
    lines += [*_best_table(summary), "", "## AUROC of every map", ""]
    lines += ["The same quadrants. ° no better than the random map, °° worse. Baselines in italics.", ""]
    lines += [*_map_table(summary, ("map", "baseline")), *_in_words(summary), ""]
    lines += ["## By shape, and other measures", "", "All types together; energy and pointing over all shapes.", ""]
    lines += [*_measure_table(summary), "", "## With the pristine picture at hand", ""]
    lines += ["AUROC of each method's map of the degraded picture minus that of the pristine one; quadrants.", ""]
    lines += [*_map_table(summary, ("difference",)), "", _difference_words(summary), ""]
    if summary.curves:
        lines += ["## Deletion and insertion", "", _curve_facts(summary, about), "", *_curve_table(summary.curves), ""]
    lines += ["## Random weights", "", "Maps of the model and of the same with random weights.", ""]
    return "\n".join([*lines, *_weight_table(summary.weights)]) + "\n"


def _curve_facts(summary: BenchmarkSummary, about: AboutBenchmark) -> str:
    return (
        f"{summary.curves[0].gain.count} pristine pictures, {about.settings.steps} steps, Gaussian blur of level "
        f"{BLUR_LEVEL}. Blurring lowers the score in any order: compare with the random order and with edges first."
    )


def write_summary(out: Path, summary: BenchmarkSummary, about: AboutBenchmark) -> None:
    """Write `summary.json`, `summary.md` and `summary.png` into a folder that is there."""
    from qualiclip.drawing.files import save_figure

    from .figure import summary_figure

    plain = json.dumps(to_dict(summary, about), indent=2, ensure_ascii=False)
    write_text(out / "summary.json", plain + "\n")
    write_text(out / "summary.md", to_markdown(summary, about))
    title = f"Where {about.model} sees a degradation, {len(about.pictures)} {about.data}"
    figure = summary_figure(summary, title=title, facts=_facts(about))
    save_figure(figure, out / "summary.png", description=title, version=about.version)
