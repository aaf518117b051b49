//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// A node is cut off, but not from the storage. The training goes on elsewhere
// while the old rank 0 still commits checkpoints. What that one commits never
// becomes the job's, and when the cable is back the old process ends.
func TestSplitBrain(t *testing.T) {
	job := training("split")
	job.Spec.FailurePolicy.RestartStrategy = v1alpha1.RestartReplaceFailed
	awayFromManager(t, job)
	create(t, job)
	job = eventually(t, "split", time.Minute, "past its first checkpoints", steps(15))
	node := nodeOf(t, job, "first")
	lost := breakNode(t, "cut", node)

	job = eventually(t, "split", 2*time.Minute, "running elsewhere", func(job *v1alpha1.TrainingJob) bool {
		r := job.Status.LastRecovery
		return job.Status.State == v1alpha1.StateRunning && r != nil && r.FirstStep != nil
	})
	resumed := job.Status.LastRecovery.ResumedFrom
	tellRecovery(t, job, "the cut of "+node, lost)
	if !strings.HasPrefix(resumed, "attempt-0001/") {
		t.Errorf("attempt 2 resumed from %q, not from a checkpoint of attempt 1", resumed)
	}
	if n := ptr.Deref(job.Status.RestartsCountTowardsMax, 0); n != 0 {
		t.Errorf("%d restarts count towards maxRestarts", n)
	}

	before := len(commits(t, job, "0001"))
	until(t, 20*time.Second, "the old rank 0 commits on", func() (bool, any) {
		now := commits(t, job, "0001")
		return len(now) > before && "attempt-0001/"+now[len(now)-1] > resumed, now
	})
	if !attempts(t, job)["1"] {
		t.Error("no process of attempt 1 is left: this is no split brain")
	}
	heal(t, node)
	until(t, time.Minute, "no process of attempt 1 is left", func() (bool, any) {
		left := attempts(t, job)
		return !left["1"] && left["2"], left
	})

	// The lineage is attempt 2's: the next attempt resumes from there.
	crash(t, job, "0")
	job = eventually(t, "split", time.Minute, "in its third attempt", func(job *v1alpha1.TrainingJob) bool {
		return job.Status.LastRecovery.Attempt == 3 && job.Status.State == v1alpha1.StateRunning
	})
	if from := job.Status.LastRecovery.ResumedFrom; !strings.HasPrefix(from, "attempt-0002/") {
		t.Errorf("attempt 3 resumed from %q, not from a checkpoint of attempt 2", from)
	}
	old := commits(t, job, "0001")
	if last := job.Status.Progress.LastCheckpoint; strings.HasPrefix(last, "attempt-0001/") {
		t.Errorf("the job's last checkpoint is %s; attempt 1 had committed %s meanwhile", last, old[len(old)-1])
	}
}

// attempts are those of which a process lives.
func attempts(t *testing.T, job *v1alpha1.TrainingJob) map[string]bool {
	out := map[string]bool{}
	for _, p := range processesOf(t, job) {
		out[p.attempt] = true
	}
	return out
}

// A node loses the API server and nothing else. The cluster takes it for dead
// and marks its pods; but its rank answers and advances, so nothing happens.
func TestLosingOnlyTheAPIServerStopsNothing(t *testing.T) {
	t.Parallel()
	job := training("deaf")
	awayFromManager(t, job)
	create(t, job)
	job = eventually(t, "deaf", time.Minute, "running", steps(1))
	before := processesOf(t, job)
	node := nodeOf(t, job, "first")
	breakNode(t, "cut", node, "--api-only")
	until(t, 2*time.Minute, node+" is taken for dead", func() (bool, any) {
		status := ready(t, node)
		return status == corev1.ConditionUnknown, status
	})
	from := *eventually(t, "deaf", time.Second, "running", steps(1)).Status.Progress.Step
	untouched(t, eventually(t, "deaf", 30*time.Second, "advancing", steps(from+100)), before)
	heal(t, node)
	from = *eventually(t, "deaf", time.Second, "running", steps(1)).Status.Progress.Step
	untouched(t, eventually(t, "deaf", 30*time.Second, "advancing", steps(from+20)), before)
}

func untouched(t *testing.T, job *v1alpha1.TrainingJob, before []process) {
	t.Helper()
	st := &job.Status
	if st.Attempt != 1 || st.LastRecovery != nil || ptr.Deref(st.Restarts, 0) != 0 {
		t.Errorf("attempt %d, %d restarts, last recovery %+v; want nothing to have happened", st.Attempt, ptr.Deref(st.Restarts, 0), st.LastRecovery)
	}
	if after := processesOf(t, job); !slices.Equal(before, after) {
		t.Errorf("the processes were %v and are %v", before, after)
	}
}

func ready(t *testing.T, node string) corev1.ConditionStatus {
	t.Helper()
	n := &corev1.Node{}
	if err := kube.Get(context.Background(), keyOf("/"+node), n); err != nil {
		t.Fatal(err)
	}
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; c.Type == corev1.NodeReady {
			return c.Status
		}
	}
	return ""
}

// breakNode does something to a node that is undone at the test's end.
func breakNode(t *testing.T, action, node string, flags ...string) time.Time {
	t.Helper()
	t.Cleanup(func() { heal(t, node) })
	at, err := lab.Break(t.Context(), action, node, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// heal undoes what was done to a node, and waits until the cluster knows.
func heal(t *testing.T, node string) {
	t.Helper()
	if _, err := lab.Lab(context.Background(), "node", "heal", node); err != nil {
		t.Error(err)
		return
	}
	until(t, time.Minute, node+" is well again", func() (bool, any) {
		status := ready(t, node)
		return status == corev1.ConditionTrue, status
	})
}

// tellRecovery prints the parts of a job's last recovery.
func tellRecovery(t *testing.T, job *v1alpha1.TrainingJob, what string, from time.Time) {
	t.Helper()
	r := job.Status.LastRecovery
	line := "after " + what + " (" + r.Reason + "):"
	for _, part := range []struct {
		name string
		at   *metav1.MicroTime
	}{{"detected", r.Detected}, {"placed", r.Placed}, {"running", r.Running}, {"first step", r.FirstStep}} {
		if part.at != nil {
			line += fmt.Sprintf(" %s %.1f s,", part.name, part.at.Sub(from).Seconds())
		}
	}
	t.Log(line + " resumed from " + r.ResumedFrom)
}
