module sidecarjob.dev/cron-oracle

go 1.24

// The version of Kubernetes 1.37 (its go.mod).
require github.com/robfig/cron/v3 v3.0.1
