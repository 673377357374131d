"""`make bench-start`: what a command takes from start to end, beside `python -c "import torch"`.

Every command is a process of its own. They are started in turn, again and again; the medians count, of the processor
time (user and system, of all threads) and of the time on the clock. Processor time says more where others use the
machine too. What a first score converts and keeps is there before the clock starts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PHOTO = Path(__file__).resolve().parent.parent / "assets" / "examples" / "cat.png"
SCORE = ["-m", "qualiclip", "score", str(PHOTO), "--model", "compact"]
BASE = "import torch"


def commands(folder: Path) -> dict[str, list[str]]:
    """What is timed, by its name."""
    degrade = ["-m", "qualiclip", "degrade", str(PHOTO), str(folder / "out.png")]
    return {
        BASE: ["-c", "import torch"],
        "score": SCORE,
        "score --engine fused": [*SCORE, "--engine", "fused"],
        "degrade": [*degrade, "--type", "gaussian_blur", "--level", "2"],
        "models": ["-m", "qualiclip", "models"],
        "--version": ["-m", "qualiclip", "--version"],
        "--help": ["-m", "qualiclip", "--help"],
        "python -m train --help": ["-m", "train", "--help"],
        "python -m explain --help": ["-m", "explain", "--help"],
    }


def seconds(command: list[str]) -> tuple[float, float]:
    """Processor time and clock time of a Python process, which must succeed."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - start


def main() -> None:
    """Time all commands and print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        timed = commands(Path(folder))
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
        for command in timed.values():
            seconds(command)
        for _ in range(repeats):
            for name, command in timed.items():
                times[name].append(seconds(command))
    medians = {name: [statistics.median(column) for column in zip(*own, strict=True)] for name, own in times.items()}
    print(f"{repeats} runs of each in turn, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(f"| | processor, s | / {BASE} | clock, s | / {BASE} |\n|---|---|---|---|---|")
    for name, (processor, clock) in medians.items():
        shares = processor / medians[BASE][0], clock / medians[BASE][1]
        print(f"| {name} | {processor:.2f} | {shares[0]:.2f} | {clock:.2f} | {shares[1]:.2f} |")


if __name__ == "__main__":
    main()
