# make demo   open the studio at http://127.0.0.1:7860
# make test   lint, types and tests, as in CI
VENV ?= .venv
PYTHON ?= python3
PORT ?= 7860
BIN := $(VENV)/bin

WORKERS ?= 2
# Which tests stay together on one worker, tests/conftest.py says.
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
unexport PYTHONWARNINGS

.PHONY: demo test check lint types quick slow format docs bench bench-start bench-degradations bench-explanations bench-ui bench-sweep \
        soak ordering robustness compact degradation-map benchmark-explanations docs-explanations docs-degradation-map browser screenshot space gallery clean

demo: $(VENV)/.installed
	@$(BIN)/python app.py --port $(PORT)

test check: $(VENV)/.installed-dev browser
	$(MAKE) lint
	$(MAKE) --jobs 2 types quick
	$(MAKE) slow

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

# No test reads what is typed; where there is no standard input, a file that is opened could take its place.
quick:
	$(PYTEST) -m "not slow" </dev/null

slow:
	$(PYTEST) -m slow $$(grep -rl mark.slow tests --include='test_*.py') </dev/null

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The tables and pictures of docs/ that come from the code.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m tests.document

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench_engines

# Whole commands, from start to end, beside `import torch`.
bench-start: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench_start

# From letting go of a slider to the new score and picture, in a real browser.
bench-ui: $(VENV)/.installed-dev browser
	$(BIN)/python -m tests.bench_ui --each

# make soak [MINUTES=30]: a studio under mixed load; fails if memory grows, or files or threads are left
soak: $(VENV)/.installed-dev
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30)
# 24 types × 5 levels through the server
bench-sweep: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench_sweep

bench-degradations: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench_degradations

# What heatmaps cost, in parts of a score, on one core.
bench-explanations: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench_explanations

# make ordering PHOTOS=folder: are levels further from the original one by one, by PSNR and by FSIMc?
ordering: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.ordering $(PHOTOS)

# make robustness PHOTOS=folder: how far do scores move when a picture is mirrored, shifted or cropped a little?
robustness: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.robustness $(PHOTOS)

# make benchmark-explanations [MODEL=compact] [PHOTOS=folder]: do the heatmaps find a degradation whose place is known?
benchmark-explanations: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m explain benchmark --model $(or $(MODEL),compact) --out runs/explanations \
	  $(if $(PHOTOS),--images $(PHOTOS) --pictures 40)

# make docs-explanations PHOTOS=folder: the same on the examples and on 40 photos, into docs/explanations.md
docs-explanations: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.document_explanations $(PHOTOS) $(or $(MODEL),compact)

# make docs-degradation-map PHOTOS=folder: what the degradation map finds on 40 photos and the examples, likewise
docs-degradation-map: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.document_degradation_map $(PHOTOS)

# make compact PHOTOS=folder: train the embedded model anew, into runs/compact.safetensors; 2 h 20 min of a core
compact: $(VENV)/.installed
	$(BIN)/python -m train fit compact-1 --photos $(PHOTOS) --out runs/compact-1
	$(BIN)/python -m train fit compact-2 --photos $(PHOTOS) --out runs/compact-2 --start-from runs/compact-1/model.safetensors
	for run in compact-3 compact-4 compact; do \
	  $(BIN)/python -m train fit $$run --photos $(PHOTOS) --out runs/$$run --start-from runs/compact-2/model.safetensors || exit 1; \
	done
	$(BIN)/python -m train average $(foreach run,compact-2 compact-3 compact-4 compact,runs/$(run)/model.safetensors) \
	  --out runs/average.safetensors
	$(BIN)/python -m train attributes runs/average.safetensors --photos $(PHOTOS) --out runs/compact.safetensors \
	  --count 500 --set seed=31

# make degradation-map PHOTOS=folder: train the map of degradation anew, into runs/map-2/model.safetensors
degradation-map: $(VENV)/.installed
	$(BIN)/python -m train fit degradation-map --photos $(PHOTOS) --out runs/map-1
	$(BIN)/python -m train fit degradation-map-2 --photos $(PHOTOS) --out runs/map-2 --start-from runs/map-1/model.safetensors

# The folder to push to a Hugging Face Space, in build/space; docs/space.md says how.
space: $(VENV)/.installed
	rm -rf build/space
	$(BIN)/python -m ui.publish.space --out build/space

# Sweeps of the example photos as plain HTML, in build/gallery: 4 minutes, 33 MB; docs/space.md says how to publish it.
gallery: $(VENV)/.installed
	rm -rf build/gallery
	$(BIN)/python -m ui.publish.gallery --out build/gallery

screenshot: $(VENV)/.installed-dev browser
	$(BIN)/python -m tests.screenshot docs/studio

# Debian's browser, where there is apt and the right to use it; otherwise the browser tests skip and say so.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 \
	|| { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq \
	     && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } \
	|| echo "no Chromium here: the browser tests will be skipped"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt constraints.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
