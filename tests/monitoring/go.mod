// Only for the CRDs in the module: nothing of it is built.
module sidecarjob.dev/tests/monitoring

go 1.24

require github.com/prometheus-operator/prometheus-operator v0.85.0
