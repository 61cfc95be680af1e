# Commands for developers. Requires make, Node 18 or later and npm; all other tools come from package-lock.json.
# Except for npm's cache, only `make install` writes outside this directory.

bin := node_modules/.bin
bun := $(bin)/bun
executable := dist/docker-credential-icr
# Created last, so that an interrupted installation starts again.
installed := node_modules/.installed
# The default is in the home directory.
export BUN_RUNTIME_TRANSPILER_CACHE_PATH := $(CURDIR)/node_modules/.cache/bun
# Only variables from the command line: many shells set HOST in the environment.
typed = $(if $(filter command,$(origin $(1))),$(value $(1)))
option = $(if $(filter command,$(origin $(2))),--$(1)="$($(2))")

.DEFAULT_GOAL := help
# No parallel targets, even with -j: they would distort measurements.
.NOTPARALLEL:
.PHONY: help deps build test test-unit test-clients lint bench soak mutants fleet deploy demo recording package package-node image image-pins repositories test-package bench-targets release-notes audit install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' Makefile

deps: $(installed) ## install the pinned packages

# If npm runs no install scripts, Bun's executable is missing.
$(installed): package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing; it comes with Node: https://nodejs.org' >&2; exit 1; }
	npm ci --loglevel=error --no-update-notifier
	@$(bun) --version >/dev/null 2>&1 || node node_modules/bun/install.js
	@$(bun) --version >/dev/null
	@touch $@

build: $(executable) ## build dist/docker-credential-icr

$(executable): $(installed) scripts/build.ts $(shell find src -name '*.ts')
	$(bun) scripts/build.ts

# FILES: words that a file's path contains, or globs. NAME: a part of a test's name, or a regular expression.
# They are passed in the environment, so that no shell interprets them.
test test-unit mutants: export TEST_FILES = $(call typed,FILES)
test test-unit: export TEST_NAME = $(call typed,NAME)

test: $(installed) ## run all tests that need no root; FILES="store login" NAME="not found" selects tests
	@$(bun) scripts/test.ts

test-unit: $(installed) ## run the unit tests (some seconds, no build)
	@$(bun) scripts/test.ts test/unit

test-clients: $(installed) ## log in with real clients: docker, buildx, podman, crane, … (Linux, root)
	@$(bun) scripts/test-clients.ts

lint: $(installed) ## check style, import rules, types and shell scripts
	$(bin)/biome check --error-on-warnings .
	$(bin)/tsc
	@$(bun) scripts/check-imports.ts
	@if command -v shellcheck >/dev/null; then shellcheck install.sh .ci/run; \
	  else echo 'shellcheck is not installed: install.sh and .ci/run were not checked'; fi
	@! git grep -nE '^(<{7}|>{7}) ' # markers of a merge conflict

bench: build ## measure the executable and write docs/benchmarks.md
	@$(bun) scripts/bench.ts

soak: build ## test full disks, killed processes and load for some minutes, and write docs/reliability.md
	@$(bun) scripts/soak.ts

mutants: $(installed) ## run mutation tests for some hours and write docs/reliability.md; FILES="src/..." or SAMPLE=200 selects some
	@$(bun) scripts/mutants.ts

fleet: build ## simulate a fleet of kubelets and write the figures into docs/fleets.md
	@$(bun) scripts/fleet.ts

deploy: $(installed) ## write deploy/refresher/refresher.yaml, the Kustomize base of the refresher
	@$(bun) scripts/deploy.ts

package: $(installed) ## build the release archives in dist/release; TARGETS="linux-x64 ..." selects targets
	@$(bun) scripts/package.ts $(TARGETS)

package-node: $(installed) ## build the release for Node; NODE=/path/to/node packages that Node
	npm ci --prefix packaging/node --omit=optional --ignore-scripts --loglevel=error --no-update-notifier
	@$(bun) scripts/package-node.ts $(if $(filter command,$(origin NODE)),"$(NODE)")

image: $(installed) ## build the container image as an OCI layout in dist/image (needs apt-get and dpkg-deb)
	@$(bun) scripts/image.ts

image-pins: $(installed) ## pin the current versions of Debian's packages in the container image
	@$(bun) scripts/image.ts --update-pins

repositories: $(installed) ## build signed apt and dnf repositories of dist/release; REPOSITORY_KEY_FILE, REPOSITORY_URL
	@$(bun) scripts/repositories.ts

test-package: build ## build a whole release and test each build that runs here (needs the npm registry)
	npm ci --prefix packaging/node --omit=optional --ignore-scripts --loglevel=error --no-update-notifier
	@$(bun) scripts/test-package.ts

bench-targets: $(installed) ## measure the builds of package and package-node, and write docs/benchmarks-targets.md
	@$(bun) scripts/bench-targets.ts

# A tag may contain any characters: it is passed in the environment, so that neither make nor a shell interprets it.
override TAG := $(value TAG)
export TAG
release-notes: $(installed) ## write dist/release-notes.md, the section of this version in CHANGELOG.md
	@$(bun) scripts/release-notes.ts

audit: ## check the locked packages for advisories
	npm audit --package-lock-only
	npm audit --package-lock-only --prefix packaging/node

demo: build ## log in to a local IBM Cloud simulator; with HOST=us.icr.io and IBMCLOUD_API_KEY, to IBM Cloud
	@$(bun) scripts/demo.ts $(call option,host,HOST) $(call option,image,IMAGE)

recording: $(installed) ## record setup and docker pull, and write docs/setup.svg (Linux, root)
	@$(bun) scripts/recording.ts

install: build ## install to ~/.local/bin, or PREFIX/bin
	@MAKEFLAGS= ./install.sh

clean: ## remove dist and node_modules
	rm -rf dist node_modules
