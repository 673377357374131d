"""Ten visitors at once: the answers of one, none forgotten, and a place in the queue that can be seen."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gradio_client import handle_file
from gradio_client.utils import Status
from PIL import Image

from tests.browser.raw import connect
from tests.surroundings import PATIENCE

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
PHOTOS = [EXAMPLES / name for name in ("cat.png", "rocket.jpg", "clock.png", "coffee.png", "osprey.jpg")]
CROWD = 10


def visit(url, number):
    """What a visitor does: four endpoints, in an order of their own. Pictures are compared by their pixels."""
    photo = handle_file(PHOTOS[number % len(PHOTOS)])
    client = connect(url)
    asks = {
        "score": lambda: client.predict(photo, api_name="/score")["score"],
        "degrade": lambda: pixels(client.predict(photo, "white_noise", 1 + number % 5, number, api_name="/degrade")),
        "explain": lambda: pixels(
            client.predict(photo, "gradcam", "difference", "viridis", 0.7, api_name="/explain")[0]
        ),
        "models": lambda: client.predict(api_name="/models")[0]["weights_sha256"],
    }
    names = list(asks)[number % 4 :] + list(asks)[: number % 4]
    answers = {name: asks[name]() for name in names}
    client.close()
    return answers


def pixels(path):
    with Image.open(path) as picture:
        return picture.convert("RGB").tobytes()


def test_ten_at_once_get_what_each_would_get_alone(server):
    with ThreadPoolExecutor(CROWD) as pool:
        together = list(pool.map(lambda number: visit(server.url, number), range(CROWD)))
    assert together == [visit(server.url, number) for number in range(CROWD)]


def test_queue_is_first_come_first_served(server):
    """The numbers of those who wait only ever fall, and jobs end in the order in which they came."""
    client, ended, lock = connect(server.url), [], threading.Lock()

    def note(number):
        with lock:
            ended.append(number)

    jobs = []
    for number in range(CROWD):
        job = client.submit(
            handle_file(PHOTOS[0]), "occlusion", "difference", "viridis", number / CROWD, api_name="/explain"
        )
        job.add_done_callback(lambda _, number=number: note(number))
        jobs.append(job)
        while job.status().code in (Status.STARTING, Status.JOINING_QUEUE):
            pass
    for job in jobs:
        job.result(timeout=PATIENCE)
    assert ended == sorted(ended)


@pytest.mark.browser
def test_visitor_of_a_busy_studio_sees_the_place_in_the_queue(server, wide_page):
    page = wide_page
    page.goto(server.url)
    page.wait_for_selector("#scores [data-score]")
    client = connect(server.url)
    jobs = [
        client.submit(handle_file(EXAMPLES / name), "ablation", target, "viridis", 0.5, api_name="/explain")
        for target in ("bad", "good")
        for name in ("lake.png", "tulips.png", "astronaut.png", "dandelion.png", "coffee.png")
    ]
    while jobs[4].status().code in (Status.STARTING, Status.JOINING_QUEUE):  # some are ahead, and enough of them
        pass
    page.locator(".level input[type=range]").first.focus()
    page.keyboard.press("Home")
    page.locator(".progress-text:visible").get_by_text(re.compile(r"queue: \d+/\d+")).first.wait_for()
    for job in jobs:
        job.result(timeout=PATIENCE)
    page.wait_for_function("() => !document.querySelector('.progress-text')")
    assert page.locator("[data-score]").count() == 2
