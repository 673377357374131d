"""The Duel tab: pools, judges, deals and pairs, and what the page says of them."""

import math
import re
from html import unescape
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

import qualiclip
from explain.checks.baselines import edge_strength
from qualiclip.degradations import Step, degrade
from qualiclip.errors import InputError
from qualiclip.pictures import PictureLimits, as_image, image_to_picture
from ui.files.intake import Upload
from ui.studio.studio import Studio
from ui.tabs.duel import tab as duel_tab
from ui.tabs.duel.duel import CLEAR, HARD, ROUNDS, contest, deal, settings_for
from ui.tabs.duel.markup import picture_tag
from ui.tabs.duel.pool import EDGES, KINDS, LEVELS, SIDE, Candidate, example_pool, judge
from ui.tabs.duel.tab import EXAMPLES, OWN, DuelTab

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "examples"


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact", limits=PictureLimits(megapixels=2))


@pytest.fixture
def tab(scorer):
    tab = DuelTab(Studio(scorer))
    tab.examples = tab.examples[:17] + tab.examples[34:51]  # two photos are enough here
    return tab


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def last(updates):
    *_, final = updates
    return final


# Pools and judges


def test_the_pool_has_each_example_whole_and_with_each_degradation():
    pool = example_pool()
    assert len(pool) == 10 * (1 + len(KINDS) * len(LEVELS))
    assert len({(one.photo, one.step) for one in pool}) == len(pool)
    blurred = next(one for one in pool if one.step == Step("gaussian_blur", 4, 0))
    whole = next(one for one in pool if one.photo == blurred.photo and one.step is None)
    assert max(whole.image().shape) == SIDE
    expected = degrade(whole.image(), "gaussian_blur", level=4, generator=torch.Generator().manual_seed(0))
    assert (blurred.image() - expected).abs().max() <= 0.5 / 255 + 1e-6  # in eight bits


def test_opinions_are_the_models_scores_and_the_logarithm_of_the_edges(scorer, photo):
    def refuse():
        raise InputError("no")

    pool = [Candidate("a", lambda: photo), Candidate("b", refuse), Candidate("c", lambda: photo[:, :64, :64])]
    first, none, _ = judge(pool, scorer)
    assert first == pytest.approx(scorer.score(photo).score, abs=1e-6)
    assert none is None
    first, none, _ = judge(pool, None)
    assert first == pytest.approx(math.log10(edge_strength(photo)))
    assert none is None


def test_edge_strength_is_the_mean_step_and_noise_raises_it(photo):
    ramp = torch.linspace(0, 1, 11).expand(3, 8, 11)
    assert edge_strength(ramp) == pytest.approx(0.05)  # 0.1 across, 0 down
    assert edge_strength(torch.full((3, 4, 4), 0.3)) == 0
    blurred, noisy = (
        degrade(photo, name, level=4, generator=torch.Generator().manual_seed(0))
        for name in ("gaussian_blur", "white_noise")
    )
    assert edge_strength(blurred) < edge_strength(photo) < edge_strength(noisy)


# Deals and pairs


def plain_pool(count):
    return [Candidate(str(place // 5), lambda: torch.zeros(3, 4, 4)) for place in range(count)]


def test_a_deal_has_clear_and_hard_pairs_of_different_photos():
    pool, scores = plain_pool(60), np.random.default_rng(0).random(60).tolist()
    pairs = deal(pool, scores, Random(1))
    assert len(pairs) == len(ROUNDS)
    places = [place for pair in pairs for place in pair]
    assert len(set(places)) == len(places)
    for (low, high), (first, second) in zip(ROUNDS, pairs, strict=True):
        assert pool[first].photo != pool[second].photo
        assert low < abs(scores[first] - scores[second]) / np.std(scores) < high
    assert pairs == deal(pool, scores, Random(1))
    assert pairs != deal(pool, scores, Random(2))
    assert {CLEAR, HARD} == set(ROUNDS)


def test_equal_scores_allow_no_deal():
    assert deal(plain_pool(20), [0.5] * 20, Random(0)) == []


def test_small_pools_have_fewer_levels_and_more_leeway():
    assert (settings_for(6).levels, settings_for(170).levels) == (1, 4)
    assert settings_for(20).tolerance > settings_for(170).tolerance
    competition = contest([0.1, 0.9, 0.2, 0.3, 0.4, 0.5], [0.5, 0.5, 0.1, 0.9, 0.2, 0.8])
    assert [(pair.better, pair.worse) for pair in competition.pairs] == [(1, 0)]


# What the tab shows


def test_pairs_of_the_examples_say_what_they_show(tab):
    message, html = last(tab.pairs("compact", EDGES, EXAMPLES, []))
    assert message == ""
    text = words(html)
    assert "compact attacks edges alone (no model) on 34 pictures." in text
    scores = [float(value) for value in re.findall(r"compact: (\d\.\d{3})", text)]
    assert scores
    assert all(better > worse for better, worse in zip(scores[::2], scores[1::2], strict=True))
    assert html.count("<section>") == len(scores) / 2
    assert "If you find the left one clearly better, edges alone (no model) is wrong here" in text
    assert re.search(r"edges alone \(no model\): \d+\.\d %", text)


def test_the_work_is_shown_and_done_once(tab):
    updates = list(tab.pairs("compact", EDGES, EXAMPLES, []))
    assert words(updates[1][0]) == "compact: 5 of 34"
    assert len(list(tab.pairs(EDGES, "compact", EXAMPLES, []))) == 1


def test_own_pictures_compete_and_bad_ones_are_counted(tab, photo_folder):
    uploads = [Upload(path, path.name) for path in sorted(photo_folder.iterdir())]
    uploads[0].path.write_text("no picture")
    message, html = last(tab.pairs(EDGES, "compact", OWN, uploads))
    assert message == ""
    assert "on 7 pictures" in words(html)
    assert "Could not be read: 1." in words(html)


@pytest.mark.parametrize(
    ("attacker", "defender", "source", "said"),
    [
        ("compact", "compact", EXAMPLES, "attacker and defender are the same"),
        ("compact", EDGES, OWN, "at least 6 pictures are needed"),
        ("compact", "magic", EXAMPLES, "unknown model"),
    ],
)
def test_what_can_not_be_is_said_in_place(tab, attacker, defender, source, said):
    message, html = last(tab.pairs(attacker, defender, source, []))
    assert said in message
    assert 'role="alert"' in message
    assert html == ""


def test_a_game_hides_the_scores_and_knows_the_better_one(tab, monkeypatch):
    monkeypatch.setattr(duel_tab.secrets, "randbits", lambda bits: 5)
    message, html = last(tab.game("compact"))
    assert message == ""
    rounds = re.findall(r'<section class="round two" data-better="([AB])" hidden>(.*?)</section>', html)
    assert 3 <= len(rounds) <= len(ROUNDS)
    for better, part in rounds:
        scores = [float(value) for value in re.findall(r"Score (\d\.\d{3})", part)]
        assert "AB"[scores[1] > scores[0]] == better
        assert part.count('class="truth" hidden') == 2
        for alt in re.findall(r'alt="([^"]*)"', part):
            assert re.fullmatch(r"[AB]: [\w ]+", alt)  # the photo, not its degradation
    assert "{model}" in html  # the browser fills it in


def test_an_unknown_model_has_no_game(tab):
    message, html = last(tab.game("magic"))
    assert "unknown model" in message
    assert html == ""


def test_pictures_are_shown_without_loss(photo):
    import base64
    import io

    from PIL import Image

    tag = picture_tag(image_to_picture(photo), '"><b>')
    assert 'width="128" height="96"' in tag
    assert "<b>" not in tag
    data = base64.b64decode(re.search(r"base64,([^\"]+)", tag)[1])
    assert torch.equal(as_image(Image.open(io.BytesIO(data))), as_image(image_to_picture(photo)))
