package job

// Checks of ours: what people and tools read, and that the controller is quiet when there is nothing to do.

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	jobcontroller "k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/utils/ptr"
)

// quiet is longer than every wait of the controller that is not a back-off.
const quiet = 3 * time.Second

// begin starts a controller whose door can be looked at.
func begin(t *testing.T, config *restclient.Config) (*program, context.Context) {
	t.Helper()
	p, ctx, _ := newProgram(t, config)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if err := p.waitReady(); err != nil {
		t.Fatal(err)
	}
	return p, ctx
}

func waitForWords(ctx context.Context, t *testing.T, client clientset.Interface, job *batchv1.Job, kind, reason, message string) {
	t.Helper()
	var seen []string
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		events, err := client.CoreV1().Events(job.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(job.UID)})
		if err != nil {
			return false, err
		}
		seen = nil
		for _, e := range events.Items {
			about := e.InvolvedObject
			who := e.Source.Component
			if who == "" {
				who = e.ReportingController
			}
			seen = append(seen, strings.Join([]string{about.APIVersion, about.Kind, about.Name, who, e.Type, e.Reason, e.Message}, " | "))
		}
		return slices.Contains(seen, strings.Join([]string{"batch/v1", "Job", job.Name, "job-controller", kind, reason, message}, " | ")), nil
	})
	if err != nil {
		t.Errorf("no event %s %s %q from job-controller about the Job; there were:\n\t%s", kind, reason, message, strings.Join(seen, "\n\t"))
	}
}

func podNames(ctx context.Context, t *testing.T, client clientset.Interface, job *batchv1.Job) (names []string) {
	t.Helper()
	pods, err := getJobPods(ctx, t, client, job, func(v1.PodStatus) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	return names
}

func TestCheckEventsSpeakAsTheBuiltInControllersDo(t *testing.T) {
	closeFn, config, client, ns := setup(t, "events")
	t.Cleanup(closeFn)
	_, ctx := begin(t, config)
	jobs := client.BatchV1().Jobs(ns.Name)
	active := func(job *batchv1.Job, n int) {
		t.Helper()
		validateJobPodsStatus(ctx, t, client, job, "", podsByStatus{Active: n, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	}

	t.Run("a Job that completes", func(t *testing.T) {
		job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{Parallelism: ptr.To[int32](3), Completions: ptr.To[int32](3)}})
		if err != nil {
			t.Fatal(err)
		}
		active(job, 3)
		for _, pod := range podNames(ctx, t, client, job) {
			waitForWords(ctx, t, client, job, "Normal", "SuccessfulCreate", "Created pod: "+pod)
		}
		if _, err := setJobPodsPhase(ctx, client, job, v1.PodSucceeded, 3); err != nil {
			t.Fatal(err)
		}
		waitForWords(ctx, t, client, job, "Normal", "Completed", "Job completed")
	})
	t.Run("a Job that fails", func(t *testing.T) {
		job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{BackoffLimit: ptr.To[int32](0)}})
		if err != nil {
			t.Fatal(err)
		}
		active(job, 1)
		if _, err := setJobPodsPhase(ctx, client, job, v1.PodFailed, 1); err != nil {
			t.Fatal(err)
		}
		waitForWords(ctx, t, client, job, "Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
	})
	t.Run("a Job that is suspended and resumed", func(t *testing.T) {
		job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{})
		if err != nil {
			t.Fatal(err)
		}
		active(job, 1)
		pod := podNames(ctx, t, client, job)[0]
		if _, err := updateJob(ctx, jobs, job.Name, func(j *batchv1.Job) { j.Spec.Suspend = ptr.To(true) }); err != nil {
			t.Fatal(err)
		}
		waitForWords(ctx, t, client, job, "Normal", "SuccessfulDelete", "Deleted pod: "+pod)
		waitForWords(ctx, t, client, job, "Normal", "Suspended", "Job suspended")
		if _, err := updateJob(ctx, jobs, job.Name, func(j *batchv1.Job) { j.Spec.Suspend = ptr.To(false) }); err != nil {
			t.Fatal(err)
		}
		waitForWords(ctx, t, client, job, "Normal", "Resumed", "Job resumed")
	})
	t.Run("a Pod that is refused", func(t *testing.T) {
		name := "no-such-priority-class"
		job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{Template: v1.PodTemplateSpec{
			Spec: v1.PodSpec{PriorityClassName: name},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
			events, err := client.CoreV1().Events(ns.Name).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(job.UID)})
			if err != nil {
				return false, err
			}
			return slices.ContainsFunc(events.Items, func(e v1.Event) bool {
				return e.Type == "Warning" && e.Reason == "FailedCreate" && strings.HasPrefix(e.Message, "Error creating: ") && strings.Contains(e.Message, name)
			}), nil
		})
		if err != nil {
			t.Errorf("no event FailedCreate: %v", err)
		}
	})
}

// series of one process whose name is this, summed up.
func sum(metrics map[string]float64, name string) (total float64) {
	for series, value := range metrics {
		if strings.HasPrefix(series, name+"{") {
			total += value
		}
	}
	return total
}

func TestCheckMetricsAfterARestartCountNothingAgain(t *testing.T) {
	closeFn, config, client, ns := setup(t, "metrics")
	t.Cleanup(closeFn)
	first, ctx := begin(t, config)
	job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{})
	if err != nil {
		t.Fatal(err)
	}
	validateJobPodsStatus(ctx, t, client, job, "", podsByStatus{Active: 1, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	if _, err := setJobPodsPhase(ctx, client, job, v1.PodSucceeded, 1); err != nil {
		t.Fatal(err)
	}
	validateJobComplete(ctx, t, client, job)
	counted := []string{"job_controller_jobs_finished_total", "job_controller_job_pods_finished_total", "job_controller_job_pods_creation_total"}
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 5*time.Second, true, func(context.Context) (bool, error) {
		m := first.metrics()
		return !slices.ContainsFunc(counted, func(name string) bool { return sum(m, name) != 1 }), nil
	}); err != nil {
		t.Errorf("want 1 for each of %v, got %v", counted, first.metrics())
	}
	first.kill()
	second, _ := begin(t, config)
	time.Sleep(quiet)
	m := second.metrics()
	for _, name := range counted {
		if got := sum(m, name); got != 0 {
			t.Errorf("%s is %v in a process that did nothing", name, got)
		}
	}
	if writes := second.door.writesSoFar(); len(writes) > 0 {
		t.Errorf("a finished Job needs no write: %v", writes)
	}
}

func TestCheckQuietWhenThereIsNothingToDo(t *testing.T) {
	closeFn, config, client, ns := setup(t, "quiet")
	t.Cleanup(closeFn)
	p, ctx := begin(t, config)
	job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{Parallelism: ptr.To[int32](4), Completions: ptr.To[int32](4)}})
	if err != nil {
		t.Fatal(err)
	}
	validateJobPodsStatus(ctx, t, client, job, "", podsByStatus{Active: 4, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	silent := func(when string) {
		t.Helper()
		time.Sleep(quiet) // what is on its way comes first
		before := len(p.door.writesSoFar())
		time.Sleep(quiet)
		if writes := p.door.writesSoFar(); len(writes) > before {
			t.Errorf("%s: %v", when, writes[before:])
		}
	}
	silent("writes while all Pods are as they were")
	if _, err := setJobPodsPhase(ctx, client, job, v1.PodSucceeded, 4); err != nil {
		t.Fatal(err)
	}
	validateJobComplete(ctx, t, client, job)
	silent("writes after the end")
	statuses := 0
	for _, w := range p.door.writesSoFar() {
		if strings.HasSuffix(w.path, "/status") {
			statuses++
		}
		if strings.Contains(w.path, "/leases") {
			t.Errorf("a Lease was touched in spite of --leader-elect=false: %s %s", w.method, w.path)
		}
	}
	t.Logf("4 Pods: %d writes, %d of them statuses", len(p.door.writesSoFar()), statuses)
}

// Jobs of others, and all that belongs to them, are not ours to write: also when they look as if they were, and after a restart.
func TestCheckJobsOfOthersAreNeverTouched(t *testing.T) {
	closeFn, config, client, ns := setup(t, "others")
	t.Cleanup(closeFn)
	p, ctx := begin(t, config)
	for _, managedBy := range []*string{nil, ptr.To(batchv1.JobControllerName), ptr.To("example.com/another"), ptr.To(ourName + "-too")} {
		for _, suspend := range []bool{false, true} {
			// not by createJobWithDefaults, which gives Jobs to us
			job, err := upstreamCreateJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{Spec: batchv1.JobSpec{ManagedBy: managedBy, Suspend: ptr.To(suspend)}})
			if err != nil {
				t.Fatal(err)
			}
			for _, phase := range []v1.PodPhase{v1.PodPending, v1.PodSucceeded, v1.PodFailed} {
				podOf(ctx, t, client, job, phase)
			}
		}
	}
	look := func(p *program) {
		t.Helper()
		time.Sleep(quiet)
		if writes := p.door.writesSoFar(); len(writes) > 0 {
			t.Errorf("wrote what is not its own: %v", writes)
		}
	}
	look(p)
	p.kill()
	second, _ := begin(t, config)
	look(second)
}

// podOf makes a Pod such as the Job's own controller makes them.
func podOf(ctx context.Context, t *testing.T, client clientset.Interface, job *batchv1.Job, phase v1.PodPhase) {
	t.Helper()
	pod := &v1.Pod{ObjectMeta: *job.Spec.Template.ObjectMeta.DeepCopy(), Spec: *job.Spec.Template.Spec.DeepCopy()}
	pod.GenerateName = job.Name + "-"
	pod.Finalizers = []string{batchv1.JobTrackingFinalizer}
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}
	pod, err := client.CoreV1().Pods(job.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase = phase
	if _, err := client.CoreV1().Pods(job.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// Where the CRDs are installed too, as they usually are, SidecarJobs and Jobs are served side by side.
func TestCheckBesideSidecarJobs(t *testing.T) {
	t.Cleanup(setDurationDuringTest(&jobcontroller.DefaultJobPodFailureBackOff, fastPodFailureBackoff))
	closeFn, config, client, ns := setup(t, "beside")
	t.Cleanup(closeFn)
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	_, ctx := begin(t, config)
	text, err := exec.CommandContext(ctx, os.Getenv("SIDECARJOB"), "crds").Output()
	if err != nil {
		t.Fatalf("failed to print the CRDs: %v", err)
	}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	for decoder := yaml.NewYAMLToJSONDecoder(strings.NewReader(string(text))); ; {
		var crd unstructured.Unstructured
		if err := decoder.Decode(&crd.Object); err != nil {
			break
		}
		if _, err := objects.Resource(crds).Create(ctx, &crd, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	sidecarJobs := objects.Resource(schema.GroupVersionResource{Group: "sidecarjob.dev", Version: "v1alpha1", Resource: "sidecarjobs"}).Namespace(ns.Name)
	sidecarJob := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": map[string]any{"name": "one"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
			"restartPolicy": "Never", "containers": []any{map[string]any{"name": "work", "image": "none"}},
		}}},
	}}
	if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, wait.ForeverTestTimeout, true, func(ctx context.Context) (bool, error) {
		created, err := sidecarJobs.Create(ctx, sidecarJob, metav1.CreateOptions{})
		if err == nil {
			sidecarJob = created
		}
		return err == nil, nil
	}); err != nil {
		t.Fatalf("failed to create a SidecarJob: %v", err)
	}
	job, err := createJobWithDefaults(ctx, client, ns.Name, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "one"}})
	if err != nil {
		t.Fatal(err)
	}
	validateJobPodsStatus(ctx, t, client, job, "", podsByStatus{Active: 1, Ready: ptr.To[int32](0), Terminating: ptr.To[int32](0)})
	if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, wait.ForeverTestTimeout, true, func(ctx context.Context) (bool, error) {
		pods, err := client.CoreV1().Pods(ns.Name).List(ctx, metav1.ListOptions{})
		return err == nil && slices.ContainsFunc(pods.Items, func(p v1.Pod) bool { return metav1.IsControlledBy(&p, sidecarJob) }), nil
	}); err != nil {
		t.Errorf("the SidecarJob of the same name has no Pod: %v", err)
	}
	if _, err := setJobPodsPhase(ctx, client, job, v1.PodSucceeded, 1); err != nil {
		t.Fatal(err)
	}
	validateJobComplete(ctx, t, client, job)
	got, err := sidecarJobs.Get(ctx, "one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, _ := unstructured.NestedInt64(got.Object, "status", "succeeded"); n != 0 {
		t.Errorf("the Job's Pod was counted for the SidecarJob too")
	}
}
