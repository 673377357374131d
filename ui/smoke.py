"""`python -m ui.smoke URL`: is a running studio healthy? It asks for the model and scores an example."""

import sys

from gradio_client import Client, handle_file

from .examples import list_examples


def check(url: str) -> str:
    """One line on what the studio at that address answered.

    Raises:
        ValueError: if an answer is not what a healthy studio gives.
    """
    client = Client(url, verbose=False)
    model = client.predict(api_name="/models")[0]
    report = client.predict(handle_file(list_examples()[0].path), api_name="/score")
    if not 0 <= report["score"] <= 1 or report["weights_sha256"] != model["weights_sha256"]:
        raise ValueError(f"unexpected answer: {report}")
    return f"ok: model {model['name']}, example score {report['score']:.4f}"


def main(arguments: list[str]) -> int:
    """Check the studio whose address is the only argument; 0 if it is healthy, 1 if not, 2 for wrong usage."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m ui.smoke URL\n")
        return 2
    try:
        sys.stdout.write(check(arguments[0]) + "\n")
    except Exception as error:  # noqa: BLE001  # whatever goes wrong, the answer is: not healthy, because
        sys.stderr.write(f"not healthy: {type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
