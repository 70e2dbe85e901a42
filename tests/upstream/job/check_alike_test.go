package job

// Checks of ours: the same story, told to the built-in controller and to ours on one API server, leaves the same status,
// the same Pods and the same events.

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	clientset "k8s.io/client-go/kubernetes"
	restclient "k8s.io/client-go/rest"
	jobcontroller "k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/test/utils/ktesting"
	"k8s.io/utils/ptr"
)

// stage is a Job of one of the two, and what can be done with it.
type stage struct {
	*testing.T
	ctx    context.Context
	client clientset.Interface
	job    *batchv1.Job
}

// story: what is done with the Job; each step waits for what it needs, and the last one for the end.
type story struct {
	spec batchv1.JobSpec
	tell func(*stage)
}

var stories = map[string]story{
	"one Pod that succeeds": {
		tell: func(s *stage) { s.active(1); s.finish(1, v1.PodSucceeded, 0); s.until(batchv1.JobComplete) },
	},
	"a Pod fails and its replacement succeeds": {
		tell: func(s *stage) {
			s.active(1)
			s.finish(1, v1.PodFailed, 1)
			s.counts(1, 0, 1)
			s.finish(1, v1.PodSucceeded, 0)
			s.until(batchv1.JobComplete)
		},
	},
	"the back-off limit is reached while another Pod runs": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](3), Parallelism: ptr.To[int32](3), BackoffLimit: ptr.To[int32](0)},
		tell: func(s *stage) { s.active(3); s.finish(1, v1.PodFailed, 1); s.until(batchv1.JobFailed) },
	},
	"a work queue": {
		spec: batchv1.JobSpec{Parallelism: ptr.To[int32](3)},
		tell: func(s *stage) {
			s.active(3)
			s.finish(1, v1.PodSucceeded, 0)
			s.counts(2, 1, 0)
			s.finish(2, v1.PodSucceeded, 0)
			s.until(batchv1.JobComplete)
		},
	},
	"nothing to complete": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](0)},
		tell: func(s *stage) { s.until(batchv1.JobComplete) },
	},
	"indexed, some succeed and some still run": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](5), Parallelism: ptr.To[int32](3), CompletionMode: completionModePtr(batchv1.IndexedCompletion)},
		tell: func(s *stage) {
			s.active(3)
			s.finishIndex(0, v1.PodSucceeded, 0)
			s.finishIndex(2, v1.PodSucceeded, 0)
			s.counts(3, 2, 0)
		},
	},
	"success policy": {
		spec: batchv1.JobSpec{
			Completions: ptr.To[int32](3), Parallelism: ptr.To[int32](3), CompletionMode: completionModePtr(batchv1.IndexedCompletion),
			SuccessPolicy: &batchv1.SuccessPolicy{Rules: []batchv1.SuccessPolicyRule{{SucceededIndexes: ptr.To("1")}}},
		},
		tell: func(s *stage) { s.active(3); s.finishIndex(1, v1.PodSucceeded, 0); s.until(batchv1.JobComplete) },
	},
	"an index that may not fail, and one that does not": {
		spec: batchv1.JobSpec{
			Completions: ptr.To[int32](2), Parallelism: ptr.To[int32](2), CompletionMode: completionModePtr(batchv1.IndexedCompletion),
			BackoffLimitPerIndex: ptr.To[int32](0),
		},
		tell: func(s *stage) {
			s.active(2)
			s.finishIndex(0, v1.PodFailed, 1)
			s.counts(1, 0, 1)
			s.finishIndex(1, v1.PodSucceeded, 0)
			s.until(batchv1.JobFailed)
		},
	},
	"an index that failed once": {
		spec: batchv1.JobSpec{
			Completions: ptr.To[int32](2), Parallelism: ptr.To[int32](2), CompletionMode: completionModePtr(batchv1.IndexedCompletion),
			BackoffLimitPerIndex: ptr.To[int32](2),
		},
		tell: func(s *stage) { s.active(2); s.finishIndex(1, v1.PodFailed, 1); s.counts(2, 0, 1) },
	},
	"too many indexes failed": {
		spec: batchv1.JobSpec{
			Completions: ptr.To[int32](4), Parallelism: ptr.To[int32](4), CompletionMode: completionModePtr(batchv1.IndexedCompletion),
			BackoffLimitPerIndex: ptr.To[int32](0), MaxFailedIndexes: ptr.To[int32](0),
		},
		tell: func(s *stage) { s.active(4); s.finishIndex(3, v1.PodFailed, 1); s.until(batchv1.JobFailed) },
	},
	"failure policy: the exit code fails the Job": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](2), Parallelism: ptr.To[int32](2), PodFailurePolicy: onExit(batchv1.PodFailurePolicyActionFailJob, 42)},
		tell: func(s *stage) { s.active(2); s.finish(1, v1.PodFailed, 42); s.until(batchv1.JobFailed) },
	},
	"failure policy: the exit code is ignored": {
		spec: batchv1.JobSpec{PodFailurePolicy: onExit(batchv1.PodFailurePolicyActionIgnore, 42)},
		tell: func(s *stage) {
			s.active(1)
			first := s.pods()[0].Name
			s.finish(1, v1.PodFailed, 42)
			s.poll("another Pod", func() bool {
				return slices.ContainsFunc(s.pods(), func(p v1.Pod) bool { return p.Name != first })
			})
			s.counts(1, 0, 0)
			s.finish(1, v1.PodSucceeded, 0)
			s.until(batchv1.JobComplete)
		},
	},
	"suspended from the beginning": {
		spec: batchv1.JobSpec{Suspend: ptr.To(true)},
		tell: func(s *stage) { s.until(batchv1.JobSuspended) },
	},
	"suspended and resumed": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](2), Parallelism: ptr.To[int32](2)},
		tell: func(s *stage) {
			s.active(2)
			s.update(func(j *batchv1.Job) { j.Spec.Suspend = ptr.To(true) })
			s.until(batchv1.JobSuspended)
			s.counts(0, 0, 0)
			s.update(func(j *batchv1.Job) { j.Spec.Suspend = ptr.To(false) })
			s.active(2)
			s.finish(2, v1.PodSucceeded, 0)
			s.until(batchv1.JobComplete)
		},
	},
	"scaled down and up": {
		spec: batchv1.JobSpec{Completions: ptr.To[int32](6), Parallelism: ptr.To[int32](4)},
		tell: func(s *stage) {
			s.active(4)
			s.update(func(j *batchv1.Job) { j.Spec.Parallelism = ptr.To[int32](1) })
			s.active(1)
			s.update(func(j *batchv1.Job) { j.Spec.Parallelism = ptr.To[int32](3) })
			s.active(3)
		},
	},
	"the deadline passes": {
		spec: batchv1.JobSpec{ActiveDeadlineSeconds: ptr.To[int64](1)},
		tell: func(s *stage) { s.until(batchv1.JobFailed) },
	},
	"a Pod on a node is deleted and still terminates": {
		spec: batchv1.JobSpec{Template: v1.PodTemplateSpec{Spec: v1.PodSpec{NodeName: "node"}}},
		tell: func(s *stage) {
			s.active(1)
			s.deletePods()
			s.poll("the replacement", func() bool { return s.status().Active == 1 && ptr.Deref(s.status().Terminating, 0) == 1 })
		},
	},
	"a Pod on a node is deleted and is replaced only when it has failed": {
		spec: batchv1.JobSpec{
			PodReplacementPolicy: ptr.To(batchv1.Failed),
			Template:             v1.PodTemplateSpec{Spec: v1.PodSpec{NodeName: "node"}},
		},
		tell: func(s *stage) {
			s.active(1)
			s.deletePods()
			s.poll("terminating", func() bool { return s.status().Active == 0 && ptr.Deref(s.status().Terminating, 0) == 1 })
		},
	},
	"the Job fails while Pods on a node still terminate": {
		spec: batchv1.JobSpec{
			Completions: ptr.To[int32](2), Parallelism: ptr.To[int32](2), BackoffLimit: ptr.To[int32](0),
			Template: v1.PodTemplateSpec{Spec: v1.PodSpec{NodeName: "node"}},
		},
		tell: func(s *stage) { s.active(2); s.finish(1, v1.PodFailed, 1); s.until(batchv1.JobFailureTarget) },
	},
}

func onExit(action batchv1.PodFailurePolicyAction, code int32) *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{{
		Action:      action,
		OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{code}},
	}}}
}

func TestCheckAlikeToTheBuiltInController(t *testing.T) {
	t.Cleanup(setDurationDuringTest(&jobcontroller.DefaultJobPodFailureBackOff, fastPodFailureBackoff))
	t.Cleanup(setDurationDuringTest(&jobcontroller.SyncJobBatchPeriod, fastSyncJobBatchPeriod))
	closeFn, config, client, _ := setup(t, "alike")
	t.Cleanup(closeFn)
	ctx, _ := startJobControllerAndWaitForCaches(t, config)
	startBuiltIn(t, config)
	n := 0
	for name, story := range stories {
		n++
		t.Run(name, func(t *testing.T) {
			theirs := told(ctx, t, client, story, fmt.Sprintf("theirs-%d", n), batchv1.JobControllerName)
			ours := told(ctx, t, client, story, fmt.Sprintf("ours-%d", n), ourName)
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("not as the built-in controller does it (- it, + ours):\n%s", diff)
			}
		})
	}
}

func startBuiltIn(t *testing.T, config *restclient.Config) {
	t.Helper()
	_, ctx := ktesting.NewTestContext(t)
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	set := informers.NewSharedInformerFactory(clientset.NewForConfigOrDie(restclient.AddUserAgent(config, "built-in-informers")), 0)
	jc, err := jobcontroller.NewController(ctx, clientset.NewForConfigOrDie(restclient.AddUserAgent(config, "built-in")),
		set.Core().V1().Pods(), set.Batch().V1().Jobs(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	set.Start(ctx.Done())
	go jc.Run(ctx, 1)
	set.WaitForCacheSync(ctx.Done())
}

// told tells the story of a Job in a namespace of its own, and returns what it left.
func told(ctx context.Context, t *testing.T, client clientset.Interface, story story, name, manager string) picture {
	t.Helper()
	ns := &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: *story.spec.DeepCopy()}
	job.Spec.ManagedBy = &manager
	if len(job.Spec.Template.Spec.Containers) == 0 {
		job.Spec.Template.Spec.Containers = []v1.Container{{Name: "work", Image: "none"}}
	}
	job, err := createJobWithDefaults(ctx, client, name, job)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, ctx: ctx, client: client, job: job}
	story.tell(s)
	// both have told everything when two looks are the same
	last := s.picture()
	s.poll("quiet", func() bool {
		time.Sleep(5 * fastSyncJobBatchPeriod)
		before := last
		last = s.picture()
		return cmp.Equal(before, last)
	})
	return last
}

func (s *stage) poll(what string, ok func() bool) {
	s.Helper()
	err := wait.PollUntilContextTimeout(s.ctx, 20*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) { return ok(), nil })
	if err != nil {
		s.Fatalf("%s/%s: waited in vain for %s; status: %+v", s.job.Namespace, s.job.Name, what, s.status())
	}
}

func (s *stage) status() batchv1.JobStatus {
	s.Helper()
	job, err := s.client.BatchV1().Jobs(s.job.Namespace).Get(s.ctx, s.job.Name, metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return job.Status
}

func (s *stage) pods() []v1.Pod {
	s.Helper()
	pods, err := s.client.CoreV1().Pods(s.job.Namespace).List(s.ctx, metav1.ListOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return pods.Items
}

func (s *stage) active(n int32) {
	s.Helper()
	s.poll(fmt.Sprintf("%d active Pods", n), func() bool { return s.status().Active == n })
}

func (s *stage) counts(active, succeeded, failed int32) {
	s.Helper()
	s.poll(fmt.Sprintf("%d active, %d succeeded, %d failed", active, succeeded, failed), func() bool {
		got := s.status()
		return got.Active == active && got.Succeeded == succeeded && got.Failed == failed
	})
}

func (s *stage) until(condition batchv1.JobConditionType) {
	s.Helper()
	s.poll(string(condition), func() bool {
		return slices.ContainsFunc(s.status().Conditions, func(c batchv1.JobCondition) bool { return c.Type == condition && c.Status == v1.ConditionTrue })
	})
}

func (s *stage) update(change func(*batchv1.Job)) {
	s.Helper()
	if _, err := updateJob(s.ctx, s.client.BatchV1().Jobs(s.job.Namespace), s.job.Name, change); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) deletePods() {
	s.Helper()
	if err := s.client.CoreV1().Pods(s.job.Namespace).DeleteCollection(s.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) finish(n int, phase v1.PodPhase, exit int32) {
	s.Helper()
	for _, pod := range s.pods() {
		if n > 0 && pod.Status.Phase == v1.PodPending && pod.DeletionTimestamp == nil {
			n--
			s.end(pod, phase, exit)
		}
	}
	if n > 0 {
		s.Fatalf("%d Pods too few to finish", n)
	}
}

func (s *stage) finishIndex(index int, phase v1.PodPhase, exit int32) {
	s.Helper()
	for _, pod := range s.pods() {
		if ix, err := getCompletionIndex(pod.Annotations); err == nil && ix == index && pod.Status.Phase == v1.PodPending {
			s.end(pod, phase, exit)
			return
		}
	}
	s.Fatalf("no Pod of index %d to finish", index)
}

func (s *stage) end(pod v1.Pod, phase v1.PodPhase, exit int32) {
	s.Helper()
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []v1.ContainerStatus{{
		Name:  pod.Spec.Containers[0].Name,
		State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: exit, FinishedAt: metav1.Now()}},
	}}
	if _, err := s.client.CoreV1().Pods(pod.Namespace).UpdateStatus(s.ctx, &pod, metav1.UpdateOptions{}); err != nil {
		s.Fatal(err)
	}
}

// picture is what is left, without what differs between any two runs.
type picture struct {
	Status any
	Pods   []any
	Events []string
}

func (s *stage) picture() picture {
	s.Helper()
	p := picture{Status: s.plain(s.status())}
	var pods []string
	for _, pod := range s.pods() {
		kept := v1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				GenerateName: pod.GenerateName, Labels: withoutOurs(pod.Labels), Annotations: withoutOurs(pod.Annotations),
				Finalizers: pod.Finalizers, OwnerReferences: pod.OwnerReferences, DeletionTimestamp: pod.DeletionTimestamp,
			},
			Spec:   pod.Spec,
			Status: v1.PodStatus{Phase: pod.Status.Phase},
		}
		text, err := json.Marshal(s.plain(kept))
		if err != nil {
			s.Fatal(err)
		}
		pods = append(pods, string(text))
	}
	slices.Sort(pods)
	for _, text := range pods {
		var pod any
		if err := json.Unmarshal([]byte(text), &pod); err != nil {
			s.Fatal(err)
		}
		p.Pods = append(p.Pods, pod)
	}
	events, err := s.client.CoreV1().Events(s.job.Namespace).List(s.ctx, metav1.ListOptions{})
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range events.Items {
		if e.Reason == "PodFailed" {
			continue // ours alone: the built-in controller does not say how a Pod failed
		}
		about := e.InvolvedObject
		text := fmt.Sprintf("%s %s %s by %s: %s %s %s", about.APIVersion, about.Kind, about.Name, e.Source.Component, e.Type, e.Reason, e.Message)
		// Ours may use the name of a Pod that is gone again: then its events are one, counted twice.
		for range max(e.Count, 1) {
			p.Events = append(p.Events, s.normal(text))
		}
	}
	slices.Sort(p.Events)
	return p
}

func withoutOurs(all map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range all {
		if !strings.Contains(key, "sidecarjob.dev/") {
			kept[key] = value
		}
	}
	return kept
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
var anyUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
var podName = regexp.MustCompile(`JOB-(\d+-)?[a-z0-9]{5}\b`)
var volumeName = regexp.MustCompile(`kube-api-access-[a-z0-9]{5}`)

func (s *stage) normal(text string) string {
	text = strings.ReplaceAll(text, string(s.job.UID), "UID")
	text = anyUID.ReplaceAllString(text, "ANOTHER-UID")
	text = strings.ReplaceAll(text, s.job.Name, "JOB")
	text = podName.ReplaceAllString(text, "POD")
	text = volumeName.ReplaceAllString(text, "TOKEN")
	return moment.ReplaceAllString(text, "SOME-TIME")
}

// plain: as the wire has it, so that what is absent and what is empty differ.
func (s *stage) plain(object any) (plain any) {
	s.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		s.Fatal(err)
	}
	if err := json.Unmarshal([]byte(s.normal(string(text))), &plain); err != nil {
		s.Fatal(err)
	}
	return plain
}
