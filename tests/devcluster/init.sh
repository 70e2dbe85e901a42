# init.sh ENV: the cluster's first process, pid 1 of its pid namespace; it starts all others. Run by `up`, in new
# namespaces for network, mounts, pids, ipc and host name. ENV is a file with the settings.

set -u
. "$1"
export PATH=$bin:$bin/cni:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=$dir/kubeconfig.inside HOME=/root
ulimit -n 65536 2>/dev/null

# What the kubelet and containerd have fixed paths for is the cluster's own.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/tune /run/log /var/lib/cni /var/log
mount --bind /run/log /var/log
mount -t tmpfs tmpfs /var/lib/cni

# A bare Debian has no /etc/hosts, which containerd copies into each Pod: the cluster gets an /etc of its own that has one.
if [ ! -e /etc/hosts ]; then
	cp -a /etc /run/etc
	printf '127.0.0.1 localhost\n::1 localhost\n' >/run/etc/hosts
	mount --bind /run/etc /etc
fi

# The kubelet sets these for the whole machine: it gets files that hold the wanted values already.
tune() {
	[ -e "/proc/sys/$1" ] || return 0
	echo "$2" >"/run/tune/${1//\//_}" && mount --bind "/run/tune/${1//\//_}" "/proc/sys/$1"
}
tune vm/overcommit_memory 1
tune vm/panic_on_oom 0
tune kernel/panic 10
tune kernel/panic_on_oops 1
tune kernel/keys/root_maxkeys 1000000
tune kernel/keys/root_maxbytes 25000000

# A node with an address; a veth pair with both ends here, since not every kernel has the dummy device. The API server
# listens on the address of the Service `kubernetes`, so Pods reach it without kube-proxy. The default route is for
# clients, which else get "network is unreachable" instead of no answer.
ip link set lo up
ip link add node0 type veth peer name node0p
ip link set node0p up
ip addr add "$node_ip/24" dev node0
ip link set node0 up
ip addr add "$service_ip/32" dev lo
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

start() {
	local name=$1
	shift
	"$@" >>"$dir/log/$name.log" 2>&1 &
}

# GOGC: a third less CPU for memory that a test machine has.
start etcd env GOGC=400 devcluster etcd --data-dir="$dir/etcd" --unsafe-no-fsync --log-level=warn \
	--listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
	--listen-peer-urls=http://127.0.0.1:2380 --quota-backend-bytes=8589934592
# shellcheck disable=SC2086 # further flags are a list
start apiserver env GOGC=400 devcluster kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
	--bind-address=0.0.0.0 --secure-port=443 --advertise-address="$node_ip" --external-hostname=localhost \
	--tls-cert-file="$dir/pki/apiserver.crt" --tls-private-key-file="$dir/pki/apiserver.key" \
	--client-ca-file="$dir/pki/ca.crt" --token-auth-file="$dir/pki/tokens.csv" \
	--authorization-mode=RBAC --anonymous-auth=true --allow-privileged=true \
	--service-cluster-ip-range="$service_net" --enable-aggregator-routing=true \
	--service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$dir/pki/sa.pub" \
	--service-account-signing-key-file="$dir/pki/sa.key" --kubelet-preferred-address-types=InternalIP \
	$apiserver_args
if [ "$nodes" = 1 ]; then start containerd containerd --config "$dir/etc/containerd.toml" --log-level warn; fi

until curl -skf --max-time 2 https://127.0.0.1:443/readyz >/dev/null; do sleep 0.1; done
touch "$dir/started"

# shellcheck disable=SC2086 # further flags are a list
start kcm devcluster kube-controller-manager --kubeconfig="$dir/kubeconfig.inside" --leader-elect=false \
	--authentication-skip-lookup --authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics \
	--cert-dir="$dir/pki/kcm" --root-ca-file="$dir/pki/ca.crt" \
	--service-account-private-key-file="$dir/pki/sa.key" --use-service-account-credentials=false \
	--bind-address=127.0.0.1 $kcm_args
start scheduler devcluster kube-scheduler --kubeconfig="$dir/kubeconfig.inside" --leader-elect=false \
	--authentication-skip-lookup --authorization-always-allow-paths=/healthz,/readyz,/livez,/metrics \
	--kube-api-qps=1000 --kube-api-burst=2000 --cert-dir="$dir/pki/scheduler" --bind-address=127.0.0.1
if [ "$nodes" = 1 ]; then
	for image in pause busybox; do
		until ctr -n k8s.io images import "$dir/$image.tar" >>"$dir/log/import.log" 2>&1; do sleep 0.1; done
	done
	start kubelet devcluster kubelet --config="$dir/etc/kubelet.yaml" --kubeconfig="$dir/kubeconfig.inside" \
		--root-dir="$dir/kubelet" --cert-dir="$dir/pki/kubelet" --hostname-override=node1 --node-ip="$node_ip"
fi
while :; do # pid 1 also reaps the orphans of the shims
	wait -n
	sleep 1
done
