// Package job is Kubernetes' own Job integration suite, run against `sidecarjob controller`, a process of its own.
//
// The file job_test.go of this package is upstream's: tests/upstream/run takes it from the module cache and changes it
// (../rewrite says what and why). What is here stands in for the functions that it leaves out, and adds checks of ours.
package job

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/kubernetes/pkg/controller/job/metrics"
)

// ourName is the value of spec.managedBy that the controller under test answers to.
const ourName = "sidecarjob.dev/controller"

func TestMain(m *testing.M) {
	for _, name := range []string{"KUBE_INTEGRATION_ETCD_URL", "SIDECARJOB", "SIDECARJOB_LOGS"} {
		if os.Getenv(name) == "" {
			fmt.Fprintln(os.Stderr, "error: "+name+" is not set: run tests/upstream/run, which starts what is needed")
			os.Exit(2)
		}
	}
	metrics.Register() // without it the names of upstream's metrics have no labels
	os.Exit(m.Run())
}
