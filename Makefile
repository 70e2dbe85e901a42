# The front door. `make demo` and `make test` need Debian, Rust and Go, and do all other set-up themselves.
# With KUBECONFIG set both use that cluster and build no Kubernetes.

.DEFAULT_GOAL := help
.PHONY: help demo clean-demo test unit soak conformance tools compat bench lint fmt crds image clean

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

tools: ## Tools that take minutes to build, on a real cluster: Kueue (docs/tools.md)
	@tests/tools/run

compat: ## Kubernetes 1.30 to 1.37: docs/versions.md; minutes for each version once built (ARGS=1.32: one version)
	@tests/compat/run $(ARGS)

bench: ## This controller beside kube-controller-manager: docs/performance.md; about 20 minutes (ARGS="--workload jobs")
	@tests/bench/run $(ARGS)

lint: ## Formatting and lints, as CI wants them
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt

crds: ## Write crds/, docs/reference and the list of well-known sidecars anew after a change of src/api
	UPDATE_CRDS=1 cargo test --test crds
	UPDATE_REFERENCE=1 cargo test --test reference

image: ## The controller's image, as .cache/sidecarjob.tar
	@tests/image .cache/sidecarjob.tar sidecarjob.dev/controller:dev

clean: clean-demo ## Remove all that was built, the Kubernetes included
	rm -rf .cache target
