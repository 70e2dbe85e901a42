# What tests/demo, tests/run and tests/image share: where things are, how progress is said, which kubectl is used.
# Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$root/.cache
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

# devcluster_bin: builds what a cluster needs, if it is not there; prints the folder
devcluster_bin() {
	need go "install Go 1.24 or newer from https://go.dev/dl"
	"$root/tests/devcluster/prepare"
}

# find_kubectl: the one on the PATH, else the one of our cluster, else one that is built; prints it
find_kubectl() {
	command -v kubectl && return
	if own_cluster; then echo "$1/kubectl"; return; fi
	need go "install Go, to build kubectl, or install kubectl"
	"$root/tests/devcluster/prepare" --kubectl
}

# build_sidecarjob: the program under test
build_sidecarjob() {
	need cargo "install Rust 1.90 or newer from https://rustup.rs"
	say "building sidecarjob"
	cargo build --manifest-path "$root/Cargo.toml" --locked >&2
}
