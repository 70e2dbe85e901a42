package job

// Stands in for the built-in controller: the program as users run it, killed without warning where upstream stops its own.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/informers"
	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	jobcontroller "k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/test/utils/ktesting"
)

const readyTimeout = 30 * time.Second

var started atomic.Int32

// program is one life of the controller.
type program struct {
	tb      testing.TB
	door    *door
	args    []string
	address string
	logFile string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	killed bool
}

func startJobControllerAndWaitForCaches(tb testing.TB, config *restclient.Config, options ...informers.SharedInformerOption) (context.Context, context.CancelFunc) {
	tb.Helper()
	p, ctx, cancel := newProgram(tb, config)
	if len(options) > 0 {
		// The only option that upstream gives is a transform that holds each event of a Job up for so long.
		p.door.jobEventDelay = 2 * fastSyncJobBatchPeriod
	}
	if err := p.start(); err != nil {
		tb.Fatal(err)
	}
	if err := p.waitReady(); err != nil {
		tb.Fatal(err)
	}
	return ctx, cancel
}

// createJobControllerWithSharedInformers: the informers are the test's own eyes, our process has others.
func createJobControllerWithSharedInformers(tb testing.TB, config *restclient.Config, informerSet informers.SharedInformerFactory) (*program, context.Context, context.CancelFunc) {
	tb.Helper()
	informerSet.Batch().V1().Jobs().Informer()
	informerSet.Core().V1().Pods().Informer()
	return newProgram(tb, config)
}

// newProgram: the cancel function that comes with it kills the process, and returns when it is gone.
func newProgram(tb testing.TB, config *restclient.Config) (*program, context.Context, context.CancelFunc) {
	tb.Helper()
	p := &program{tb: tb, door: openDoor(tb, config)}
	_, ctx := ktesting.NewTestContext(tb)
	ctx, cancel := context.WithCancel(ctx)
	stop := func() {
		p.kill()
		cancel()
	}
	tb.Cleanup(stop)
	return p, ctx, stop
}

// Run is called as a goroutine by tests that made their own informers.
func (p *program) Run(ctx context.Context, _ int) {
	if err := p.start(); err != nil {
		p.tb.Error(err)
	}
	<-ctx.Done()
}

// flags are upstream's variables, as the test has set them at this moment.
func flags() []string {
	all := []string{
		"controller",
		"--leader-elect=false",
		"--pod-failure-backoff=" + duration(jobcontroller.DefaultJobPodFailureBackOff),
	}
	if os.Getenv("SIDECARJOB_FEW_FLAGS") != "" {
		return all
	}
	return append(append(all,
		"--pod-failure-backoff-max="+duration(jobcontroller.MaxJobPodFailureBackOff),
		"--sync-batch-period="+duration(jobcontroller.SyncJobBatchPeriod),
		"--max-uncounted-pods="+strconv.Itoa(jobcontroller.MaxUncountedPods),
		"--max-pod-create-delete-per-sync="+strconv.Itoa(jobcontroller.MaxPodCreateDeletePerSync),
	), strings.Fields(os.Getenv("SIDECARJOB_ARGS"))...)
}

func duration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

func (p *program) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return nil
	}
	name := fmt.Sprintf("%s.%d", strings.NewReplacer("/", "_", " ", "_").Replace(p.tb.Name()), started.Add(1))
	p.logFile = filepath.Join(os.Getenv("SIDECARJOB_LOGS"), name+".log")
	kubeconfig := filepath.Join(p.tb.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(p.door.kubeconfig()), 0o600); err != nil {
		return err
	}
	log, err := os.Create(p.logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	p.address = freeAddress()
	p.cmd = exec.Command(os.Getenv("SIDECARJOB"), append(flags(), append(p.args, "--bind-address="+p.address)...)...)
	p.cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	if os.Getenv("RUST_LOG") == "" {
		p.cmd.Env = append(p.cmd.Env, "RUST_LOG=info,sidecarjob=debug")
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("failed to start the controller: %w", err)
	}
	p.exited = make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	counts.add(p)
	return nil
}

func (p *program) waitReady() error {
	for deadline := time.Now().Add(readyTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if p.ended() {
			return fmt.Errorf("the controller ended at its start: %s; its log: %s", p.cmd.ProcessState, p.logFile)
		}
		response, err := http.Get("http://" + p.address + "/readyz")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the controller is not ready after %s; its log: %s", readyTimeout, p.logFile)
}

func (p *program) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// kill ends it without warning, by SIGKILL. What it had counted is kept, since upstream's registry outlives its controllers.
func (p *program) kill() { p.end(syscall.SIGKILL) }

func (p *program) end(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return
	}
	p.killed = true
	if p.cmd != nil && p.cmd.Process != nil {
		if p.ended() {
			p.tb.Errorf("the controller ended by itself: %s; its log: %s", p.cmd.ProcessState, p.logFile)
		} else {
			counts.remove(p)
			if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
				p.tb.Errorf("failed to end the controller: %v", err)
			}
			<-p.exited
		}
	}
	for _, refusal := range p.door.refusals() {
		p.tb.Errorf("the API server refused what the controller wrote: %s", refusal)
	}
	if p.tb.Failed() {
		p.tb.Logf("the controller's log: %s; beside it what the cluster looked like at its end", p.logFile)
		for name, path := range map[string]string{"jobs": "/apis/batch/v1/jobs", "pods": "/api/v1/pods", "events": "/api/v1/events"} {
			p.door.save(path, strings.TrimSuffix(p.logFile, ".log")+"."+name+".json")
		}
	}
	p.door.close()
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// createJobWithDefaults gives each Job to our controller, unless the test itself gave it to somebody.
func createJobWithDefaults(ctx context.Context, client clientset.Interface, ns string, job *batchv1.Job) (*batchv1.Job, error) {
	if job.Spec.ManagedBy == nil {
		job = job.DeepCopy()
		name := ourName
		job.Spec.ManagedBy = &name
	}
	return upstreamCreateJobWithDefaults(ctx, client, ns, job)
}
