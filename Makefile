# `make course` and `make test` set up what they need; a second call installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What most changes break: the axes, masks, units, pruners (of the two plain nets), points, docstrings, the import contract.
CORE := $(addprefix tests/test_,amounts.py scores.py scopes.py pqindex.py masks.py units.py needs.py pruners.py pareto.py \
	docstrings.py layers.py)

.PHONY: course check test proof matrix validate browser hub bench build site moving lab format
course: $(VENV)/.ready
	$(BIN)/course run

check: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -k 'not vgg and not resnet' $(CORE)

test: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not heavy and not browser'
	COURSE_MODE=ci OMP_NUM_THREADS=1 TQDM_DISABLE=1 $(BIN)/python -m pytest --nbval-lax --nbval-cell-timeout=300 \
		--dist loadfile -n 2 solutions

# What starts many processes: students' notebooks in fresh kernels, attacks in sandboxes, engines and gradings that are killed,
# nbgrader, browsers. CI runs it after `make test`; nobody waits for it at a desk.
proof: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 --dist worksteal -m heavy

# By hand: the library's tests on the oldest torch that pyproject.toml allows, and on each Python from 3.10 on that is here.
matrix: $(VENV)/.ready
	$(BIN)/python scripts/matrix.py

# What is too heavy for `make test`: the lessons as students meet them, the galleries on 50 draws of inputs, and sweeps and
# gradings that are killed at 20 random moments.
validate: $(VENV)/.ready
	$(BIN)/course validate --mode laptop
	COURSE_GALLERY_SEEDS=50 COURSE_KILLS=20 $(BIN)/python -m pytest tests/test_checks.py tests/test_gallery.py tests/test_any_value.py \
		tests/test_verdicts.py tests/test_people.py tests/test_engines.py tests/test_grading.py tests/test_fuzz_reading.py tests/test_own.py \
		tests/test_matrix.py
	$(MAKE) browser

# By hand, with Debian's chromium: every lesson and every slider in a real JupyterLab in a real browser.
browser: $(VENV)/.ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser

# By hand, as root on Linux: a real JupyterHub on loopback and a real PostgreSQL, for users whom the test makes and removes.
hub: $(VENV)/.hub
	COURSE_HUB=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/hub

# By hand, on a machine with nothing else to do (an hour): `make bench`, or `make bench ONLY=pruning`.
bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks $(ONLY)

build: $(VENV)/.ready
	$(BIN)/course build

# The course as pages, in build/site/; needs node and npm. The sliders' pictures are drawn by the first call (minutes) and kept.
site: $(VENV)/.site
	$(BIN)/python -m course_lib.authoring.site.build

# By hand, with Debian's chromium: README's moving picture, site/moving.gif, filmed from the first page.
moving: site
	$(BIN)/python -m scripts.moving

lab: $(VENV)/.ready
	$(BIN)/course lab

format: $(VENV)/.ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The stamp is written last: an interrupted set-up is done again.
$(VENV)/.ready: pyproject.toml
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.hub: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable '.[test,hub]'
	npm install --silent --prefix $(VENV)/proxy configurable-http-proxy@4
	touch $@

$(VENV)/.site: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable '.[test,site]'
	npm install --silent --prefix $(VENV)/katex katex@0.16.22
	touch $@
