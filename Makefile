# What people type here. Needs make, Node 18 or later and its npm; everything else comes from
# package-lock.json. But for npm's cache, only `make install` writes outside this folder.

bin := node_modules/.bin
bun := $(bin)/bun
executable := dist/docker-credential-icr
# Made last, so that an installation that was broken off is begun again.
installed := node_modules/.installed
# Bun would keep it in the home folder.
export BUN_RUNTIME_TRANSPILER_CACHE_PATH := $(CURDIR)/node_modules/.cache/bun
# Only from the command line: many shells have a HOST of their own in the environment.
typed = $(if $(filter command,$(origin $(1))),$(value $(1)))
option = $(if $(filter command,$(origin $(2))),--$(1)="$($(2))")

.DEFAULT_GOAL := help
# One after the other, also with -j: two targets at once would disturb each other's measurements.
.NOTPARALLEL:
.PHONY: help deps build test test-unit test-clients lint bench soak fleet demo package package-node test-package bench-targets release-notes audit install clean

help: ## say what can be typed
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' Makefile

deps: $(installed) ## install the pinned packages

# Where npm is told to run no scripts, Bun's own has not put its executable in place.
$(installed): package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing; it comes with Node: https://nodejs.org' >&2; exit 1; }
	npm ci --loglevel=error --no-update-notifier
	@$(bun) --version >/dev/null 2>&1 || node node_modules/bun/install.js
	@$(bun) --version >/dev/null
	@touch $@

build: $(executable) ## make dist/docker-credential-icr

$(executable): $(installed) scripts/build.ts $(shell find src -name '*.ts')
	$(bun) scripts/build.ts

# FILES: words that a file's path contains, or globs. NAME: a part of a test's name, or a regular expression.
# They go through the environment, so that no shell reads them.
test test-unit: export TEST_FILES = $(call typed,FILES)
test test-unit: export TEST_NAME = $(call typed,NAME)

test: $(installed) ## run every test that needs no root; FILES="store login" NAME="says how many" for some
	@$(bun) scripts/test.ts

test-unit: $(installed) ## run the unit tests: some seconds, and nothing is built
	@$(bun) scripts/test.ts test/unit

test-clients: $(installed) ## sign in with real docker, compose, podman, skopeo, buildah, containerd (Linux, root)
	@$(bun) scripts/test-clients.ts

lint: $(installed) ## check style, import rules, types and shell scripts
	$(bin)/biome check --error-on-warnings .
	$(bin)/tsc
	@$(bun) scripts/check-imports.ts
	@if command -v shellcheck >/dev/null; then shellcheck install.sh .ci/run; \
	  else echo 'shellcheck is not installed: install.sh and .ci/run were not checked'; fi

bench: build ## measure the executable, and write docs/benchmarks.md
	@$(bun) scripts/bench.ts

soak: build ## fill disks, kill commands, crowd the helper for some minutes, and write docs/reliability.md
	@$(bun) scripts/soak.ts

fleet: build ## play a fleet of kubelets, and write the figures into docs/fleets.md
	@$(bun) scripts/fleet.ts

package: $(installed) ## make the archives of a release in dist/release; TARGETS="linux-x64 ..." for some
	@$(bun) scripts/package.ts $(TARGETS)

package-node: $(installed) ## the same on Node, for machines without Bun; NODE=/path/to/node to pack that one
	npm ci --prefix packaging/node --omit=optional --ignore-scripts --loglevel=error --no-update-notifier
	@$(bun) scripts/package-node.ts $(if $(filter command,$(origin NODE)),"$(NODE)")

test-package: $(installed) ## make a whole release and try each build that starts here (needs the npm registry)
	npm ci --prefix packaging/node --omit=optional --ignore-scripts --loglevel=error --no-update-notifier
	@$(bun) scripts/test-package.ts

bench-targets: $(installed) ## measure what make package and package-node made; write docs/benchmarks-targets.md
	@$(bun) scripts/bench-targets.ts

# A tag may have any name: it goes through the environment, and neither make nor a shell reads it.
override TAG := $(value TAG)
export TAG
release-notes: $(installed) ## write dist/release-notes.md, what CHANGELOG.md says of this version
	@$(bun) scripts/release-notes.ts

audit: ## ask the registry for advisories on the locked packages
	npm audit --package-lock-only
	npm audit --package-lock-only --prefix packaging/node

demo: build ## sign in to IBM Cloud on loopback; with HOST=us.icr.io and IBMCLOUD_API_KEY, to the real one
	@$(bun) scripts/demo.ts $(call option,host,HOST) $(call option,image,IMAGE)

install: build ## install to ~/.local/bin, or PREFIX/bin
	@MAKEFLAGS= ./install.sh

clean: ## remove what was built and installed here
	rm -rf dist node_modules
