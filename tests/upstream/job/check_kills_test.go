package job

// Checks of ours, beside upstream's: a controller that is killed at any moment counts each Pod once.

import (
	"context"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clientset "k8s.io/client-go/kubernetes"
	jobcontroller "k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/test/utils/ktesting"
	"k8s.io/utils/ptr"
)

// kubelet finishes Pods by chance, and remembers each result that the API server took.
type kubelet struct {
	client    clientset.Interface
	job       *batchv1.Job
	failOneIn int
	rand      *rand.Rand

	mu      sync.Mutex
	results map[types.UID]v1.PodPhase
	most    int // live Pods seen at once
}

func (k *kubelet) run(ctx context.Context) {
	k.results = map[types.UID]v1.PodPhase{}
	for ; ctx.Err() == nil; time.Sleep(15 * time.Millisecond) {
		pods, err := k.client.CoreV1().Pods(k.job.Namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		live := 0
		for i := range pods.Items {
			pod := &pods.Items[i]
			if !metav1.IsControlledBy(pod, k.job) || pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed || pod.DeletionTimestamp != nil {
				continue
			}
			live++
			if k.rand.Intn(4) == 0 {
				k.finish(ctx, pod)
			}
		}
		k.mu.Lock()
		k.most = max(k.most, live)
		k.mu.Unlock()
	}
}

func (k *kubelet) finish(ctx context.Context, pod *v1.Pod) {
	phase := v1.PodSucceeded
	if k.failOneIn > 0 && k.rand.Intn(k.failOneIn) == 0 {
		phase = v1.PodFailed
	}
	exit := int32(0)
	if phase == v1.PodFailed {
		exit = 1
	}
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []v1.ContainerStatus{{
		Name:  pod.Spec.Containers[0].Name,
		State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: exit, FinishedAt: metav1.Now()}},
	}}
	if _, err := k.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err == nil {
		k.mu.Lock()
		k.results[pod.UID] = phase
		k.mu.Unlock()
	}
}

func (k *kubelet) finished(phase v1.PodPhase) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.results {
		if p == phase {
			n++
		}
	}
	return n
}

func seed(t *testing.T) int64 {
	n := time.Now().UnixNano()
	if given, err := strconv.ParseInt(os.Getenv("SIDECARJOB_SEED"), 10, 64); err == nil {
		n = given
	}
	t.Logf("SIDECARJOB_SEED=%d", n)
	return n
}

func TestCheckKilledAtAnyMomentCountsEachPodOnce(t *testing.T) {
	t.Cleanup(setDurationDuringTest(&jobcontroller.DefaultJobPodFailureBackOff, 10*time.Millisecond))
	t.Cleanup(setDurationDuringTest(&jobcontroller.MaxJobPodFailureBackOff, 40*time.Millisecond))
	t.Cleanup(setDurationDuringTest(&jobcontroller.SyncJobBatchPeriod, 50*time.Millisecond))
	indexed := completionModePtr(batchv1.IndexedCompletion)
	cases := map[string]struct {
		spec       batchv1.JobSpec
		failOneIn  int
		wantFailed bool
	}{
		"completions, some fail": {
			spec:      batchv1.JobSpec{Completions: ptr.To[int32](40), Parallelism: ptr.To[int32](6), BackoffLimit: ptr.To[int32](1000)},
			failOneIn: 4,
		},
		"indexed, some fail": {
			spec:      batchv1.JobSpec{Completions: ptr.To[int32](40), Parallelism: ptr.To[int32](6), BackoffLimit: ptr.To[int32](1000), CompletionMode: indexed},
			failOneIn: 4,
		},
		"back-off limit per index, some fail": {
			spec:      batchv1.JobSpec{Completions: ptr.To[int32](30), Parallelism: ptr.To[int32](6), BackoffLimitPerIndex: ptr.To[int32](100), CompletionMode: indexed},
			failOneIn: 4,
		},
		"the back-off limit is reached": {
			spec:       batchv1.JobSpec{Completions: ptr.To[int32](1000), Parallelism: ptr.To[int32](6), BackoffLimit: ptr.To[int32](12)},
			failOneIn:  2,
			wantFailed: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			closeFn, config, client, ns := setup(t, "killed")
			t.Cleanup(closeFn)
			chance := rand.New(rand.NewSource(seed(t)))
			_, ctx := ktesting.NewTestContext(t)
			job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: tc.spec})
			if err != nil {
				t.Fatal(err)
			}
			k := &kubelet{client: client, job: job, failOneIn: tc.failOneIn, rand: rand.New(rand.NewSource(chance.Int63()))}
			living, die := context.WithCancel(ctx)
			var wg sync.WaitGroup
			wg.Go(func() { k.run(living) })
			defer wg.Wait()
			defer die()

			lives := 0
			for ; lives < 25 && !isFinished(ctx, t, client, job); lives++ {
				p, _, kill := newProgram(t, config)
				if err := p.start(); err != nil {
					t.Fatal(err)
				}
				if chance.Intn(5) > 0 { // most see some work, some not even their start
					if err := p.waitReady(); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Duration(chance.Intn(300)) * time.Millisecond)
				kill()
			}
			_, kill := startJobControllerAndWaitForCaches(t, config)
			defer kill()
			if tc.wantFailed {
				validateJobFailed(ctx, t, client, job)
			} else {
				validateJobComplete(ctx, t, client, job)
			}
			die()
			wg.Wait()
			validateNoOrphanPodsWithFinalizers(ctx, t, client, job)
			t.Logf("%d lives", lives+1)
			validateCountedOnce(ctx, t, client, k, tc.wantFailed)
		})
	}
}

func isFinished(ctx context.Context, t *testing.T, client clientset.Interface, job *batchv1.Job) bool {
	t.Helper()
	got, err := client.BatchV1().Jobs(job.Namespace).Get(ctx, job.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return getJobConditionStatus(ctx, got, batchv1.JobComplete) == v1.ConditionTrue || getJobConditionStatus(ctx, got, batchv1.JobFailed) == v1.ConditionTrue
}

func validateCountedOnce(ctx context.Context, t *testing.T, client clientset.Interface, k *kubelet, failed bool) {
	t.Helper()
	job, err := client.BatchV1().Jobs(k.job.Namespace).Get(ctx, k.job.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status := job.Status
	if got, want := int(status.Succeeded), k.finished(v1.PodSucceeded); got != want {
		t.Errorf("succeeded: %d, but %d Pods did", got, want)
	}
	// Of a Job that failed, Pods that were still running were deleted and count too.
	if got, want := int(status.Failed), k.finished(v1.PodFailed); got != want && !(failed && got >= want && got <= want+int(*job.Spec.Parallelism)) {
		t.Errorf("failed: %d, but %d Pods did", got, want)
	}
	if u := status.UncountedTerminatedPods; u != nil && len(u.Failed)+len(u.Succeeded) > 0 {
		t.Errorf("still uncounted: %v", u)
	}
	if status.Active != 0 || ptr.Deref(status.Ready, 0) != 0 || ptr.Deref(status.Terminating, 0) != 0 {
		t.Errorf("finished, but active %d, ready %v, terminating %v", status.Active, status.Ready, status.Terminating)
	}
	seen := map[batchv1.JobConditionType]int{}
	for _, condition := range status.Conditions {
		seen[condition.Type]++
	}
	if len(status.Conditions) != 2 || len(seen) != 2 {
		t.Errorf("want one interim and one final condition: %v", status.Conditions)
	}
	if k.most > int(*job.Spec.Parallelism) {
		t.Errorf("%d live Pods at once, parallelism is %d", k.most, *job.Spec.Parallelism)
	}
}

// Told to end, it ends with 0 and leaves nothing half done that its successor could not finish.
func TestCheckTerminatedInMidWork(t *testing.T) {
	closeFn, config, client, ns := setup(t, "terminated")
	t.Cleanup(closeFn)
	p, ctx, _ := newProgram(t, config)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if err := p.waitReady(); err != nil {
		t.Fatal(err)
	}
	job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{Completions: ptr.To[int32](50), Parallelism: ptr.To[int32](50)}})
	if err != nil {
		t.Fatal(err)
	}
	err = wait.PollUntilContextTimeout(ctx, time.Millisecond, wait.ForeverTestTimeout, true, func(ctx context.Context) (bool, error) {
		pods, err := client.CoreV1().Pods(ns.Name).List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) > 3, nil
	})
	if err != nil {
		t.Fatalf("no Pods: %v", err)
	}
	p.end(syscall.SIGTERM)
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	_, ctx = ktesting.NewTestContext(t)
	_, kill := startJobControllerAndWaitForCaches(t, config)
	defer kill()
	validateJobPodsStatus(ctx, t, client, job, "", podsByStatus{Active: 50, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
}

// A Job that was deleted and made anew under its name while nobody looked is another Job.
func TestCheckRecreatedWhileKilled(t *testing.T) {
	t.Cleanup(setDurationDuringTest(&jobcontroller.DefaultJobPodFailureBackOff, time.Hour))
	closeFn, config, client, ns := setup(t, "recreated")
	t.Cleanup(closeFn)
	ctx, kill := startJobControllerAndWaitForCaches(t, config)
	template := batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "again"}, Spec: batchv1.JobSpec{Parallelism: ptr.To[int32](2), Completions: ptr.To[int32](2)}}
	old, err := createJobWithDefaults(ctx, client, ns.Name, &template)
	if err != nil {
		t.Fatal(err)
	}
	validateJobPodsStatus(ctx, t, client, old, "", podsByStatus{Active: 2, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	if _, err := setJobPodsPhase(ctx, client, old, v1.PodFailed, 1); err != nil {
		t.Fatal(err)
	}
	kill()
	_, ctx = ktesting.NewTestContext(t)
	background := metav1.DeletePropagationBackground
	if err := client.BatchV1().Jobs(ns.Name).Delete(ctx, old.Name, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	replacement, err := createJobWithDefaults(ctx, client, ns.Name, &template)
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill = startJobControllerAndWaitForCaches(t, config)
	defer kill()
	validateJobPodsStatus(ctx, t, client, replacement, "", podsByStatus{Active: 2, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	validateNoOrphanPodsWithFinalizers(ctx, t, client, old)
}
