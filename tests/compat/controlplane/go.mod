// Stays empty: each version of Kubernetes has its own file vX.Y.Z.mod, which `go build -modfile` takes instead (../prepare).
module controlplane
