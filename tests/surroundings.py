"""What tests and all that they start find around them: the same for everybody, and folders that are theirs alone.

Somebody's cache is neither read nor filled, and no test depends on a terminal, a language or a colour. The process that
pytest starts first makes the folder and deletes it at its end; its workers, and what they start, inherit it.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

INHERITED = "QUALICLIP_TESTS"  # names the folder to the processes that are started from here
# What a process needs to run, where Python's files are, pytest's own notes; and the clock's zone may be anywhere.
KEPT = (
    *("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "USER", "LOGNAME", "TZ"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "CUDA_VISIBLE_DEVICES"),
)
PREFIXES = ("PYTEST", "COV")
PATIENCE = 600  # s, for whatever must happen: a busy machine is slow, and only a test that fails waits so long


def _new_folder() -> Path:
    new, owner = Path(tempfile.mkdtemp(prefix="qualiclip-tests-")), os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(new, ignore_errors=True))
    return new


def _variables(own: Path) -> dict[str, str]:
    places = {"HOME": "home", "XDG_CACHE_HOME": "cache", "HF_HOME": "cache/huggingface", "TORCH_HOME": "cache/torch"}
    places |= {"MPLCONFIGDIR": "cache/matplotlib", "TMPDIR": "files"}
    for place in places.values():
        (own / place).mkdir(parents=True, exist_ok=True)
    fixed = {"LANG": "C.UTF-8", "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1"}
    fixed |= {"OMP_NUM_THREADS": "1"}  # a worker of pytest has one core; small tensors on more threads only wait
    return {INHERITED: str(own), **fixed, **{name: str(own / place) for name, place in places.items()}}


def folder() -> Path:
    """What all processes of this run of the tests share."""
    return Path(os.environ[INHERITED])


def settle() -> None:
    """Make these surroundings those of this process; call it before libraries are imported that look at them."""
    if INHERITED in os.environ:
        return
    own = _new_folder()
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(PREFIXES)}
    os.environ.clear()
    os.environ.update(kept | _variables(own))
    tempfile.tempdir = None  # look again
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # in the background of a shell; what is started inherits it
        signal.signal(signal.SIGINT, signal.default_int_handler)
