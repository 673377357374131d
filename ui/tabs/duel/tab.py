"""What the Duel tab does: pairs on which two judges differ, and rounds of "guess which is better"."""

import secrets
from collections.abc import Generator, Iterator, Mapping, Sequence
from random import Random

from qualiclip.errors import InputError, QualiclipError, UsageError
from qualiclip.pictures import image_to_picture
from ui.files.intake import Upload, open_uploads
from ui.markup.parts import render_message
from ui.studio.studio import Studio
from ui.texts import say

from .duel import FEWEST, contest, deal
from .markup import Judge, Judged, render_contest, render_game, render_work
from .pool import EDGES, Candidate, example_pool, judge, upload_pool

EXAMPLES, OWN = "examples", "own"  # pools
STEP = 5  # pictures between two messages on the progress
Update = tuple[str, str]  # message, pairs
Work = Generator[Update, None, list[float | None]]


class DuelTab:
    """What the tab's buttons do, on one studio. What is known of the example photos is kept."""

    def __init__(self, studio: Studio) -> None:
        """Start with nothing judged."""
        self.studio = studio
        self.examples = example_pool()
        self._known: Mapping[str, list[float | None]] = {}

    def _judged(self, name: str, pool: Sequence[Candidate]) -> Work:
        """Yields how far the work is, returns the scores."""
        if pool is self.examples and name in self._known:
            return self._known[name]
        scorer = None if name == EDGES else self.studio.scorer(name)
        scores: list[float | None] = []
        yield render_work(_label(name), 0, len(pool)), ""
        for score in judge(pool, scorer):
            scores.append(score)
            if len(scores) % STEP == 0:
                yield render_work(_label(name), len(scores), len(pool)), ""
        if pool is self.examples:
            self._known = {**self._known, name: scores}
        return scores

    def pairs(self, attacker: str, defender: str, source: str, uploads: Sequence[Upload]) -> Iterator[Update]:
        """The pairs of a pool on which the two differ most; yields how far the work is, then the pairs."""
        try:
            if attacker == defender:
                raise UsageError(say("duel/same"))
            if source == OWN:
                with open_uploads(uploads) as intake:
                    yield from self._contest(attacker, defender, upload_pool(intake.entries, self.studio.scorer()))
            else:
                yield from self._contest(attacker, defender, self.examples)
        except QualiclipError as error:
            yield render_message(str(error), error=True), ""

    def _contest(self, attacker: str, defender: str, pool: Sequence[Candidate]) -> Iterator[Update]:
        if len(pool) < FEWEST:
            raise InputError(say("duel/few", count=FEWEST))
        columns = []
        for name in (attacker, defender):
            columns.append((yield from self._judged(name, pool)))
        known = [
            (candidate, attack, defence)
            for candidate, attack, defence in zip(pool, *columns, strict=True)
            if attack is not None and defence is not None
        ]
        if len(known) < FEWEST:
            raise InputError(say("duel/few", count=FEWEST))
        competition = contest([attack for _, attack, _ in known], [defence for _, _, defence in known])
        pictures = {place: _judge(*known[place]) for pair in competition.pairs for place in (pair.better, pair.worse)}
        judges = _named_judge(attacker), _named_judge(defender)
        yield "", render_contest(competition, judges, pictures, total=len(pool), used=len(known))

    def game(self, model: str) -> Iterator[Update]:
        """A new deal of the guessing game; yields how far the work is, then the rounds."""
        try:
            judged = yield from self._judged(model, self.examples)
        except QualiclipError as error:
            yield render_message(str(error), error=True), ""
            return
        scores = [score for score in judged if score is not None]
        seed = secrets.randbits(32)
        pairs = deal(self.examples, scores, Random(seed))
        rounds = [[_judge(self.examples[place], scores[place], 0.0) for place in pair] for pair in pairs]
        yield "", render_game(rounds, _named_judge(model), deal=seed)


def _judge(candidate: Candidate, attack: float, defence: float) -> Judged:
    return Judged(candidate, image_to_picture(candidate.image()), attack, defence)


def _label(name: str) -> str:
    return say("duel/edges") if name == EDGES else name


def _named_judge(name: str) -> Judge:
    return Judge(_label(name), _edges_text if name == EDGES else "{:.3f}".format)


def _edges_text(value: float) -> str:
    return f"{100 * 10**value:.1f} %"
