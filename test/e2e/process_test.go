//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// A rank's process dies on a node that is well. All ranks begin again from the
// last checkpoint: in the pods that there are, or the failed one in a new pod.
// Then the job is deleted in the middle of its work and leaves nothing.
func TestARanksProcessDies(t *testing.T) {
	for _, strategy := range []v1alpha1.RestartStrategy{v1alpha1.RestartInPlace, v1alpha1.RestartReplaceFailed} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			name := strings.ToLower(string(strategy))
			job := training(name)
			job.Spec.FailurePolicy.RestartStrategy = strategy
			create(t, job)
			job = eventually(t, name, time.Minute, "past its first checkpoint", steps(15))
			before := podsByRank(t, job)
			died := time.Now()
			crash(t, job, "1")
			job = eventually(t, name, time.Minute, "running again", func(job *v1alpha1.TrainingJob) bool {
				r := job.Status.LastRecovery
				return r != nil && r.FirstStep != nil && job.Status.State == v1alpha1.StateRunning
			})
			tellRecovery(t, job, "the end of a process with "+string(strategy), died)
			r := job.Status.LastRecovery
			if r.Reason != v1alpha1.RecoveryProcessFailed || !ptr.Deref(r.Counted, false) || r.Attempt != 2 {
				t.Errorf("attempt %d for %s (%s), counted: %v; want one counted restart", r.Attempt, r.Reason, r.Message, ptr.Deref(r.Counted, false))
			}
			if !strings.HasPrefix(r.ResumedFrom, "attempt-0001/step-") {
				t.Errorf("it resumed from %q", r.ResumedFrom)
			}
			after := podsByRank(t, job)
			if before["0"] != after["0"] {
				t.Error("the pod of rank 0, which was well, was replaced")
			}
			if replaced := before["1"] != after["1"]; replaced != (strategy == v1alpha1.RestartReplaceFailed) {
				t.Errorf("the pod of rank 1 was replaced: %v", replaced)
			}
			remove(t, name)
			leavesNothing(t, job)
		})
	}
}

// podsByRank are the names of a job's pods that are not on their way out.
func podsByRank(t *testing.T, job *v1alpha1.TrainingJob) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pod := range podsOf(t, job) {
		if pod.DeletionTimestamp != nil {
			continue
		}
		rank := strconv.Itoa(rankOf(job, &pod))
		if other := out[rank]; other != "" {
			t.Errorf("rank %s has two pods: %s and %s", rank, other, pod.Name)
		}
		out[rank] = pod.Name
	}
	return out
}

func rankOf(job *v1alpha1.TrainingJob, pod *corev1.Pod) int {
	rank := 0
	for i := range job.Spec.ReplicaSpecs {
		set := &job.Spec.ReplicaSpecs[i]
		if set.Name == pod.Labels[v1alpha1.LabelSet] {
			index, err := strconv.Atoi(pod.Labels[v1alpha1.LabelIndex])
			if err != nil {
				return -1
			}
			return rank + index
		}
		rank += int(set.Replicas)
	}
	return -1
}

// leavesNothing waits until nothing of a deleted job is left.
func leavesNothing(t *testing.T, job *v1alpha1.TrainingJob) {
	t.Helper()
	until(t, time.Minute, "nothing of "+job.Name+" is left", func() (bool, any) {
		var left []string
		for _, p := range processesOf(t, job) {
			left = append(left, fmt.Sprintf("process of rank %s", p.rank))
		}
		for _, pod := range podsOf(t, job) {
			left = append(left, "pod "+pod.Name)
		}
		owned := client.MatchingLabels{v1alpha1.LabelJobUID: string(job.UID)}
		var services corev1.ServiceList
		var slices discoveryv1.EndpointSliceList
		for _, list := range []client.ObjectList{&services, &slices} {
			if err := kube.List(t.Context(), list, client.InNamespace(job.Namespace), owned); err != nil {
				t.Fatal(err)
			}
		}
		for i := range services.Items {
			left = append(left, "service "+services.Items[i].Name)
		}
		for i := range slices.Items {
			left = append(left, "endpointslice "+slices.Items[i].Name)
		}
		return len(left) == 0, left
	})
}

// The leading manager is killed outright in the middle of a recovery: the other
// one finishes it. There is one new attempt, and never two pods of a rank.
func TestTheManagerDiesInTheMiddleOfARecovery(t *testing.T) {
	job := training("orphan")
	job.Spec.FailurePolicy.RestartStrategy = v1alpha1.RestartRecreate
	create(t, job)
	job = eventually(t, "orphan", time.Minute, "past its first checkpoint", steps(15))
	manager := managerProcess(t)
	crash(t, job, "0")
	job = eventually(t, "orphan", 30*time.Second, "recovering", func(job *v1alpha1.TrainingJob) bool {
		return job.Status.LastRecovery != nil
	})
	if err := syscall.Kill(manager, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	t.Logf("the manager died while the job was %s, its recovery not done: %v", job.Status.State, job.Status.LastRecovery.Running == nil)
	died := time.Now()
	job = eventually(t, "orphan", 2*time.Minute, "running again", func(job *v1alpha1.TrainingJob) bool {
		podsByRank(t, job)
		return job.Status.LastRecovery.Running != nil && job.Status.State == v1alpha1.StateRunning
	})
	t.Logf("%.1f s later the other manager had the ranks running", time.Since(died).Seconds())
	if n := ptr.Deref(job.Status.Restarts, 0); n != 1 || job.Status.Attempt != 2 {
		t.Errorf("%d restarts, attempt %d; want one restart", n, job.Status.Attempt)
	}
	if got := podsByRank(t, job); len(got) != 2 || !strings.HasSuffix(got["0"], "-2") || !strings.HasSuffix(got["1"], "-2") {
		t.Errorf("the pods are %v", got)
	}
}

// managerProcess is the leading manager's.
func managerProcess(t *testing.T) int {
	t.Helper()
	holder, err := lab.Kubectl(t.Context(), "-n", "trainyard-system", "get", "lease", "manager.trainyard.dev", "-o", "jsonpath={.spec.holderIdentity}")
	if err != nil {
		t.Fatal(err)
	}
	pod, _, _ := strings.Cut(holder, "_")
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		environ, err := os.ReadFile(file)
		if err != nil || variable(environ, "HOSTNAME") != pod {
			continue // ended meanwhile, or somebody else's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	t.Fatalf("%s leads, but its process is not to be found", pod)
	return 0
}
