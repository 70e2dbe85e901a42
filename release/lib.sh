# What the scripts of this folder share. Sourced, not run. They run on macOS too, whose bash is old.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# No variable of the caller may move the build to where these scripts do not look.
export CARGO_TARGET_DIR=$root/target
# What is released.
dist=$root/dist
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)

# Registries want small letters before the tag; a GitHub repository, of which a workflow makes the name, may have others.
case ${IMAGE:-} in
*[A-Z]*:*) IMAGE=$(printf '%s' "${IMAGE%:*}" | tr '[:upper:]' '[:lower:]'):${IMAGE##*:} ;;
esac

# say WORDS: one step, to stderr
say() { printf '==> %s\n' "$*" >&2; }

# die WORDS: what failed and what to do
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need PROGRAM WHAT: a program that only the user can bring
need() { command -v "$1" >/dev/null || die "$1 is not on the PATH: $2"; }

# epoch: the time that archives carry: SOURCE_DATE_EPOCH, else the commit's, else 1970
epoch() { echo "${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)}"; }

# revision: the commit, with -dirty behind it if a tracked file is not as committed
revision() {
	local commit
	commit=$(git -C "$root" rev-parse HEAD 2>/dev/null) || { echo unknown; return; }
	git -C "$root" diff --quiet HEAD 2>/dev/null || commit=$commit-dirty
	echo "$commit"
}

# repository: the address of the sources: SOURCE_URL, else the one of the GitHub workflow that runs this, else nothing
repository() {
	if [ -n "${SOURCE_URL:-}" ]; then
		echo "$SOURCE_URL"
	elif [ -n "${GITHUB_REPOSITORY:-}" ]; then
		echo "${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY"
	fi
}

# packer: builds the Go program of this folder, if its sources changed, and prints its path
packer() {
	need go "install Go 1.24 or newer from https://go.dev/dl"
	mkdir -p "$CARGO_TARGET_DIR/release-tools"
	(cd "$root/release" && GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=0 \
		go build -trimpath -o "$CARGO_TARGET_DIR/release-tools/packer" .) >&2 ||
		die "failed to build the Go program in release/: the compiler's words are above"
	echo "$CARGO_TARGET_DIR/release-tools/packer"
}

# host_arch: this machine's, as images name it
host_arch() { case $(uname -m) in aarch64 | arm64) echo arm64 ;; x86_64) echo amd64 ;; *) uname -m ;; esac; }

# rust_target OS-ARCH: prints how Rust names it
rust_target() {
	case $1 in
	linux-amd64) echo x86_64-unknown-linux-musl ;;
	linux-arm64) echo aarch64-unknown-linux-musl ;;
	darwin-amd64) echo x86_64-apple-darwin ;;
	darwin-arm64) echo aarch64-apple-darwin ;;
	*) die "$1 is none of linux-amd64, linux-arm64, darwin-amd64, darwin-arm64" ;;
	esac
}

# program_path OS-ARCH: where release/program puts the program
program_path() {
	local target
	target=$(rust_target "$1")
	echo "$CARGO_TARGET_DIR/$target/release/sidecarjob"
}
