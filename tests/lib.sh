# What tests/demo and tests/run share: where things are, how progress is said, which kubectl is used.
# Sourced, not run.

shopt -s inherit_errexit # a failure inside $(…) is one
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
devcluster=$root/tests/devcluster
# No variable of the caller may move the build to where these scripts do not look.
export CARGO_TARGET_DIR=$root/target
sidecarjob=$CARGO_TARGET_DIR/debug/sidecarjob

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

# say WORDS: one step, to stderr
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }

# die WORDS: what failed and what to do
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need PROGRAM WHAT: a program that only the user can bring
need() { command -v "$1" >/dev/null || die "$1 is not on the PATH: $2"; }

# own_cluster: no KUBECONFIG was given, so a cluster is made
own_cluster() { [ -z "${KUBECONFIG:-}" ]; }

# prepare_cluster: builds what a cluster needs, if it is not there; sets `bin`, the folder of its programs
prepare_cluster() {
	need go "install Go 1.24 or newer from https://go.dev/dl"
	bin=$("$devcluster/prepare")
}

# find_kubectl: prints the one on the PATH, else one that was or is built
find_kubectl() {
	command -v kubectl && return
	need go "install kubectl, or Go to build it"
	"$devcluster/prepare" --kubectl
}

# build_sidecarjob: the program under test
build_sidecarjob() {
	need cargo "install Rust 1.90 or newer from https://rustup.rs"
	say "building sidecarjob"
	cargo build --manifest-path "$root/Cargo.toml" --locked >&2
}

# build_webhook_image OUT.tar NAME: the tests' injecting webhook (tests/webhook), in a Pod
build_webhook_image() {
	cargo build --manifest-path "$root/Cargo.toml" --locked --example webhook >&2
	"$devcluster/image" --bare "$1" "$2" '["/webhook"]' "$CARGO_TARGET_DIR/debug/examples/webhook=/webhook"
}

# build_image OUT.tar NAME: an image of the program under test: the program, its libraries, nothing else. `make image` makes the
# one for others.
build_image() { "$devcluster/image" --bare "$1" "$2" '["/sidecarjob"]' "$sidecarjob=/sidecarjob"; }
