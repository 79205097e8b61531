# metad: `make demo` and `make test` are all that a newcomer needs.

CARGO ?= cargo
SIM := $(CARGO) --config .cargo/sim.toml
# Seeds that `make test` sweeps; CI's share of what a longer sweep does by hand.
SWEEP_SEEDS ?= 0..60
# What `make demo` imports.
DIR ?= $(firstword $(wildcard /usr/share/doc) .)
VERIFY_SEEDS ?= 1..=100

.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-unit test-sim browser pictures lint fmt sweep clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## libclang, and RocksDB compiled once for all checkouts (12 minutes, once)
	@.ci/setup

build: deps ## All tools, release
	@$(CARGO) build --locked --release --workspace

demo: deps ## A cluster, a real tree, killed nodes, a verdict: make demo [DIR=/some/tree]
	@$(CARGO) build --locked --release --package metad --package metad-jepsen
	@target/release/jepsen run --time 10s --nemesis kill,kill-all,pause --import '$(DIR)' --out target/demo

test: deps lint test-unit test-sim ## Everything: rules, tests, simulator
	@echo "metad: all tests passed"

test-unit: deps browser
	@$(CARGO) test --locked --workspace --features metad-jepsen/power-loss

test-sim: deps
	@$(SIM) build --locked --release --package metad-sim
	@target/sim/release/sim regressions
	@target/sim/release/sim verify --canary --seeds 1..=2 > /dev/null
	@target/sim/release/sim verify --engine mem --seeds $(VERIFY_SEEDS)
	@target/sim/release/sim verify --engine rocks --seeds $(VERIFY_SEEDS)
	@target/sim/release/sim sweep --seeds $(SWEEP_SEEDS)

sweep: deps ## More seeds: make sweep SWEEP_SEEDS=0..2000
	@$(SIM) build --locked --release --package metad-sim
	@target/sim/release/sim sweep --seeds $(SWEEP_SEEDS)

browser: # Chromium, if it can be had: the tests of reports look at them there
	@.ci/browser

pictures: deps ## The pictures of reports in docs/pictures
	@.ci/pictures

lint: deps ## rustfmt and clippy, in both worlds
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --locked --workspace --all-targets --features metad-jepsen/power-loss -- --deny warnings
	@$(SIM) clippy --locked --release --package metad-sim -- --deny warnings

fmt: ## Formats the sources
	@$(CARGO) fmt --all

clean: ## Removes this checkout's artifacts; the shared caches stay
	@rm -rf target .rocksdb
