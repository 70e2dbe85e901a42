# What the scripts of this folder share. Sourced, not run.

shopt -s inherit_errexit # a failure inside $(…) is one
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/devcluster
bin=$cache/current

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
now_ms() { date +%s%3N; }

# is_ours PIDFILE WORD: the process in the file still runs, and is the one that was written there: a number may have
# gone to a stranger since
is_ours() {
	[ -s "$1" ] && tr '\0' ' ' <"/proc/$(cat "$1")/cmdline" 2>/dev/null | grep -qF -- "$2"
}

# stop PIDFILE WORD: ends that process and waits until it is gone
stop() {
	if is_ours "$1" "$2"; then kill -KILL "$(cat "$1")" 2>/dev/null || true; fi
	until ! is_ours "$1" "$2"; do sleep 0.02; done
	rm -f "$1"
}

# cgroup_of DIR: the name of the cluster's cgroup, in every hierarchy
cgroup_of() { echo "sidecarjob-$(printf %s "$1" | sha1sum | cut -c1-8)"; }

# hierarchies: the cgroup v1 hierarchies, or the one of v2
hierarchies() {
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup/; return; fi
	local c
	for c in /sys/fs/cgroup/*/; do case $c in */unified/) ;; *) echo "$c" ;; esac; done
}
