# The front door. `make demo` and `make test` need Debian, Rust and Go, and do all other set-up themselves.
# With KUBECONFIG set both use that cluster and build no Kubernetes.

.DEFAULT_GOAL := help
.PHONY: help demo clean-demo test unit soak conformance tools compat bench lint fmt crds chart image clean
.PHONY: plugin push dist package krew sbom sums sign publish reproduce release-check release-test

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## A SidecarJob on a real cluster, from nothing; the first time takes about 12 minutes, then seconds
	@tests/demo

clean-demo: ## End the demo's cluster
	@tests/demo --clean

test: ## Every test: pure, CRDs, real API server, real kubelet
	@tests/run

unit: ## The tests that need no cluster, in two minutes
	cargo test

soak: ## Random histories of runs and of schedules, optimised, until you stop it or one fails (SIDECARJOB_SEED=N: from there)
	@n=2000; seed=$${SIDECARJOB_SEED:-1000000}; \
	while SIDECARJOB_SEED=$$seed SIDECARJOB_HISTORIES=$$n cargo test --profile soak --test simulation \
		--test schedules_simulation -- --ignored --nocapture --exact soak; \
	do seed=$$((seed + n)); done; exit 1

conformance: ## Kubernetes' own Job suite, against this controller; about ten minutes once a Kubernetes is built
	@tests/upstream/run

tools: ## Tools that take minutes to build, on a real cluster: Kueue, Argo CD, Flux (ARGS=flux: one; docs/tools.md)
	@tests/tools/run $(ARGS)

compat: ## Kubernetes 1.30 to 1.37: docs/versions.md; minutes for each version once built (ARGS=1.32: one version)
	@tests/compat/run $(ARGS)

bench: ## This controller beside kube-controller-manager: docs/performance.md; about 20 minutes (ARGS="--workload jobs")
	@tests/bench/run $(ARGS)

lint: ## Formatting and lints, as CI wants them
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt

crds: ## Write crds/, docs/reference, the chart's copies and the list of well-known sidecars anew after a change of src/api
	UPDATE_CRDS=1 cargo test --test crds
	UPDATE_REFERENCE=1 cargo test --test reference
	UPDATE_CHART=1 cargo test --test chart

chart: ## Copy crds/ and config/ into charts/sidecarjob, and write its README anew
	UPDATE_CHART=1 cargo test --test chart

image: ## The controller's image for amd64 and arm64, in dist; some minutes for each (PLATFORMS=amd64: one)
	@release/image

push: ## That image to a registry (IMAGE=REGISTRY/sidecarjob:TAG)
	@release/push

plugin: ## Install the program, also as the plugin kubectl-sidecarjob
	@release/plugin

# What a release is made of, in dist: CONTRIBUTING.md, To release.

dist: ## The kubectl plugin as tar.gz, for this system on amd64 and arm64
	@release/dist

package: ## The Helm chart as tgz (IMAGE=REGISTRY/sidecarjob:TAG: the image that the chart installs)
	@release/package

krew: ## krew's manifest of what is in dist (SOURCE_URL=https://…)
	@release/krew

sbom: ## What program and image are made of, as CycloneDX
	@release/sbom

sums: ## dist/SHA256SUMS
	@release/sums

sign: ## Sign checksums and image with cosign (IMAGE=… DIGEST=…)
	@release/sign

publish: ## The release on GitHub, with all that is in dist (TAG=vX.Y.Z)
	@release/publish "$(TAG)"

reproduce: ## Build the image again in another folder, and compare
	@release/reproduce

release-check: ## May this commit be released under the tag? (TAG=vX.Y.Z)
	@release/check "$(TAG)"

release-test: ## The released files on a real cluster, under qemu, and with krew; builds them first
	@release/test

clean: clean-demo ## Remove all that was built, the Kubernetes included
	rm -rf .cache target dist
