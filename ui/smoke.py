"""`python -m ui.smoke URL`: is a running studio healthy? It asks every endpoint about an example."""

import sys

from gradio_client import Client, handle_file

from qualiclip.terminal import put, say
from ui.frame.examples import list_examples

PATIENCE = 60  # s, for each answer: on a busy machine a healthy studio is slow
TOLERANCE = 1e-4  # of scores: pictures of one size may be computed together, which rounds differently


def check(url: str) -> str:
    """One line on what the studio at that address answered: every endpoint is asked once.

    Raises:
        ValueError: if an answer is not what a healthy studio gives.
    """
    client = Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE})
    example = handle_file(list_examples()[0].path)
    model, *_ = client.predict(api_name="/models")
    report = client.predict(example, api_name="/score")
    if not 0 <= report["score"] <= 1 or report["weights_sha256"] != model["weights_sha256"]:
        raise ValueError(f"unexpected answer of /score: {report}")
    degraded = client.predict(example, name="gaussian_blur", level=5, api_name="/degrade")
    worse = client.predict(handle_file(degraded), api_name="/score")["score"]
    swept = client.predict(example, types=["gaussian_blur"], side=0, api_name="/sweep")
    if abs(swept["types"]["gaussian_blur"]["scores"][5] - worse) > TOLERANCE:
        raise ValueError(f"/sweep and /degrade disagree on the same picture: {swept}, {worse}")
    client.predict(example, api_name="/explain")
    (compared, *_) = client.predict(example, [model["name"]], api_name="/compare")
    if abs(compared["score"] - report["score"]) > TOLERANCE:
        raise ValueError(f"/compare and /score disagree on the same picture: {compared}, {report}")
    return f"ok: model {model['name']}, example score {report['score']:.4f}, blurred {worse:.4f}"


def main(arguments: list[str]) -> int:
    """Check the studio whose address is the only argument; 0 if it is healthy, 1 if not, 2 for wrong usage."""
    if len(arguments) != 1:
        say("usage: python -m ui.smoke URL")
        return 2
    try:
        answer = check(arguments[0])
    except Exception as error:  # noqa: BLE001  # whatever goes wrong, the answer is: not healthy, because
        say(f"not healthy: {type(error).__name__}: {error}")
        return 1
    try:
        put(answer)
    except OSError as error:
        say(f"{error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
