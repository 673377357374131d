"""Everything that the pages are made of, with any word in the place of every name: what tests of the templates read."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from explain.numbers.arithmetic import Arithmetic, ArithmeticRow
from explain.numbers.resolution import Reduced, Resolution, Window
from qualiclip.agreement.gmad import GmadSettings, PicturePair
from qualiclip.degradations import Step
from qualiclip.models.family import PairReport, Part
from qualiclip.scoring.reports import Failure, QualityReport
from qualiclip.weights.loading import load_checkpoint
from ui.markup import parts
from ui.markup.templates import render
from ui.publish import gallery_pages
from ui.server.serve import scripts
from ui.studio.look import Look
from ui.studio.subject import Subject
from ui.tabs.batch import markup as batch
from ui.tabs.batch.batch import Batch, BatchRow
from ui.tabs.compare import curves
from ui.tabs.compare import markup as compare
from ui.tabs.compare.sides import MODEL, PICTURE, Sides
from ui.tabs.duel import markup as duel
from ui.tabs.duel.pool import Candidate
from ui.tabs.inspect import extras, markup
from ui.tabs.lesson import check, losses
from ui.tabs.lesson import markup as lesson
from ui.tabs.sweep import markup as sweep

PICTURE_OF = Image.new("RGB", (160, 120), (90, 120, 60))
STEP = Step("jpeg", 3.0, 0)


def report(word, score=0.5, model=None):
    pairs = [PairReport(f"{word}{index}.", f"not {word}", 0.1 * index + score / 3, 0.21, 0.19) for index in (1, 2)]
    return QualityReport(
        word, score, model or word, "0123456789abcdef", 100.0, word, "fp32", "0.1", 64, 48, tuple(pairs)
    )


def row(word, scores=(0.8, 0.7, 0.71, 0.5, 0.3, 0.2)):
    found = {"label": word, "name": "jpeg", "seed": 3, "scores": scores, "rises": (2,), "srcc": -0.94}
    return SimpleNamespace(**found, details=(PICTURE_OF,) * 6, reports=tuple(report(word, score) for score in scores))


def shared_parts(word):
    explanation = SimpleNamespace(signed=True, note=word)
    yield "bar", parts.bar(0.256, "before")
    yield "message", parts.render_message(word, error=True)
    yield "status", parts.render_message(word, error=False)
    yield "note", parts.render_note(explanation)
    yield "scored by", parts.scored_by(report(word))
    yield "scripts", scripts()


def inspect_parts(word):
    named = SimpleNamespace(label=word, description=f"{word}.", cost=f"X{word}")
    first, second = report(word), report(word, 0.3)
    yield "scores", markup.render_scores(first, second)
    yield "choices", markup.render_choices([named], [named])
    yield "pairs", markup.render_pairs(first, second)
    yield (
        "parts",
        markup.render_pairs(*(replace(one, pairs=(), parts=(Part(word, 0.4, word),)) for one in (first, second))),
    )
    reduced = (Reduced(0.35, first), Reduced(1.0, second))
    yield "sizes", extras.render_sizes(Resolution(reduced, (Window((0, 0, 1, 1), first),)))
    yield "no windows", extras.render_sizes(Resolution(reduced, ()))
    yield "seen", render("inspect/seen", width=64, height=48, rows=2, columns=3)
    explanation = SimpleNamespace(signed=True, note=word)
    before, after = first.pairs[0], second.pairs[0]
    yield "own pair", render("inspect/own_pair", before=before, after=after, explanation=explanation)


def sweep_parts(word):
    one = row(word)
    for name in ("wall_head", "curves_head", "table_head"):
        yield name, getattr(sweep, name)()
    for name in ("wall_row", "curve", "table_row"):
        yield name, getattr(sweep, name)(one)
    yield "original", sweep.original(PICTURE_OF, one)
    yield "status", sweep.status(word)


def compare_parts(word):
    for mode, steps in ((MODEL, (STEP,)), (MODEL, ()), (PICTURE, (STEP,))):
        left, right = (
            Look(None, Subject(path, model, taken), path)
            for path, model, taken in (("none.png", word, steps), ("other.png", f"{word}2", ()))
        )
        sides = Sides(mode, left, right, (word, f"{word}2"))
        reports = report(word, 0.4), report(word, 0.6, "compact-untrained")
        yield f"sides {mode} {len(steps)}", compare.render_sides(sides, reports, (report(word), report(word)))
    notes = [SimpleNamespace(signed=signed, note=word) for signed in (True, False, True)]
    yield "map notes", compare.render_map_notes(sides, *notes, shared=True)
    yield "common pairs", compare.render_common_pairs(reports, (word, word))
    yield "no common pairs", compare.render_common_pairs((reports[0], report("other")), (word, word))
    both = [SimpleNamespace(title=f"{word}{side}", rows=(row(word), row(f"{word}2"))) for side in (1, 2)]
    yield "curves", curves.render_curves(both)
    yield "some curves", curves.render_progress(1, 2)
    yield "stopped", render("compare/stopped")
    yield "all curves", curves.render_progress(2, 2)


def batch_parts(word):
    scored = [BatchRow(f"{word}{place}.png", report(word, 0.09 * place), "data:,") for place in range(10)]
    failed = BatchRow(f"{word}.png", Failure(word, f"{word}: {word}"))
    yield "progress", batch.render_progress(3, 7)
    yield "waiting", batch.render_waiting()
    yield "summary", batch.render_summary(Batch(word, 14, 2, 1, (*scored, failed)))
    yield "batch", batch.render_batch(Batch(word, 14, 2, 1, (*scored, failed)))
    yield "outlier", batch.render_batch(Batch(word, 14, rows=(*scored[4:6] * 5, scored[0])))
    yield "few", batch.render_batch(Batch(word, 2, rows=tuple(scored[:2])))
    yield "only failures", batch.render_batch(Batch(word, 1, rows=(failed,)))


def duel_parts(word):
    judges = duel.Judge(word, "{:.3f}".format), duel.Judge(f"{word}2", "{:.1f} %".format)
    first, second = Candidate(f"{word}.png", lambda: None), Candidate(f"{word}2.png", lambda: None, STEP)
    judged = [duel.Judged(first, PICTURE_OF, 0.7, 0.5), duel.Judged(second, PICTURE_OF, 0.3, 0.51)]
    pairs = (PicturePair(1, 1, 0, 1, 0.4, 0.01),)
    settings = GmadSettings(4, 0.1, 1, True)
    contest = SimpleNamespace(settings=settings, pairs=pairs, attacker_deviation=0.1, defender_deviation=0.2)
    yield "work", duel.render_work(word, 1, 2)
    yield "contest", duel.render_contest(contest, judges, dict(enumerate(judged)), total=3, used=2)
    contest.pairs = ()
    yield "no pairs", duel.render_contest(contest, judges, {}, total=2, used=2)
    yield "game", duel.render_game([judged, judged[::-1]], judges[0], deal=7)
    yield "no game", duel.render_game([], judges[0], deal=7)


def lesson_parts(word):
    first, second = report(word), report(word, 0.3)
    yield "strip", lesson.render_strip("jpeg", [PICTURE_OF] * 6)
    for scores in ((0.8, 0.7, 0.71, 0.5, 0.3, 0.2), (0.8, 0.7, 0.6, 0.5, 0.3, 0.2)):
        yield f"rank {scores[2]}", lesson.render_rank("jpeg", [lesson.Rung(PICTURE_OF, score) for score in scores])
    for name in ("compact", word):
        checkpoint = replace(load_checkpoint("compact"), name=name)
        yield f"prompts {name == word}", lesson.render_prompts(first, second, checkpoint)
    rows = [ArithmeticRow(word, word, 0.2, -0.21, 20.0, 21.0, part * 2, part) for part in (0.01, 0.3)]
    yield "arithmetic", lesson.render_arithmetic(Arithmetic(100.0, 0.31, tuple(rows)))
    yield "losses", losses.render_losses()
    for auroc in (0.9, 0.3):
        figures = [check.MapFigure(PICTURE_OF, value) for value in (auroc, 0.5, 0.2)]
        yield f"check {auroc}", check.render_check(figures, 0.7, 0.4)
    yield "untrained", check.render_untrained(PICTURE_OF, -0.21)


def gallery_parts(word):
    view = gallery_pages.GalleryHeatmap(word, word, 0.5, word)
    rows = (row(word), row(word))
    photos = [
        gallery_pages.Photo(Path(name), word, report(word, 0.5, model), rows, (view, view), (40, 30))
        for name, model in ((f"{word}.png", word), ("cat.png", "compact"))
    ]
    yield "index", gallery_pages.index_page(photos)
    for index in range(len(photos)):
        yield f"photo {index}", gallery_pages.photo_page(photos, index)


def pieces(word):
    """Everything that the pages are made of, with a word in the place of every name."""
    rooms = (shared_parts, inspect_parts, sweep_parts, compare_parts, batch_parts, duel_parts, lesson_parts)
    return {f"{room.__name__} {name}": html for room in (*rooms, gallery_parts) for name, html in room(word)}
