//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// gang is a job on simulated GPU nodes: replicas pods of 4 GPUs each.
const gang = `
apiVersion: trainyard.dev/v1alpha1
kind: TrainingJob
metadata: {name: NAME, namespace: default}
spec:
  launcher: Never
  replicaSpecs:
  - name: worker
    replicas: REPLICAS
    template:
      spec:
        nodeSelector: {nvidia.com/gpu.count: "8"}
        containers:
        - {name: train, image: nothing, resources: {limits: {nvidia.com/gpu: "4"}}}
`

func applyGang(t *testing.T, name, replicas string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yaml")
	manifest := strings.NewReplacer("NAME", name, "REPLICAS", replicas).Replace(gang)
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, name) })
	apply(t, file)
}

// Two gangs want more than half of the cluster each: one runs whole, the other
// waits whole and says what is short; it runs when the first has gone.
func TestGangsAreWholeOrAbsent(t *testing.T) {
	applyGang(t, "first", "6")
	eventually(t, "first", time.Minute, "Running", inState(v1alpha1.StateRunning))
	applyGang(t, "second", "6")
	job := eventually(t, "second", time.Minute, "told why", func(job *v1alpha1.TrainingJob) bool {
		c := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionQueued)
		return c != nil && c.Reason == v1alpha1.ReasonInsufficientCapacity && strings.Contains(c.Message, "nvidia.com/gpu")
	})
	if job.Status.Placed() {
		t.Errorf("a gang that does not fit holds %v", job.Status.Admission.Assignments)
	}
	remove(t, "first")
	eventually(t, "second", time.Minute, "Running", inState(v1alpha1.StateRunning))
}

// A gang that no cluster of this size could hold says so at once.
func TestImpossibleGangsSaySo(t *testing.T) {
	applyGang(t, "huge", "9")
	eventually(t, "huge", time.Minute, "Impossible", func(job *v1alpha1.TrainingJob) bool {
		c := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionQueued)
		return c != nil && c.Reason == v1alpha1.ReasonImpossible
	})
}

// A suspended job gives its place up, and takes one again when it is resumed.
func TestSuspendAndResume(t *testing.T) {
	applyGang(t, "patient", "2")
	eventually(t, "patient", time.Minute, "Running", inState(v1alpha1.StateRunning))
	suspend(t, "patient", "true")
	job := eventually(t, "patient", time.Minute, "Suspended", inState(v1alpha1.StateSuspended))
	if job.Status.Placed() {
		t.Errorf("a suspended job holds %v", job.Status.Admission.Assignments)
	}
	suspend(t, "patient", "false")
	job = eventually(t, "patient", time.Minute, "Running", inState(v1alpha1.StateRunning))
	if job.Status.Admission.Attempt != 2 {
		t.Errorf("it runs as attempt %d, not 2", job.Status.Admission.Attempt)
	}
}

func suspend(t *testing.T, name, value string) {
	t.Helper()
	if _, err := lab.Kubectl(t.Context(), "patch", "tj", name, "--type=merge", "-p", `{"spec":{"suspend":`+value+`}}`); err != nil {
		t.Fatal(err)
	}
}
