//go:build e2e

package e2e

import (
	"strconv"
	"testing"
	"time"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

const electricity = "examples/pytorch-ddp/trainingjob.yaml"

// A data scientist trains on two nodes; one dies in the middle. The training
// goes on from its last checkpoint on the third, and nothing is charged to it.
func TestTrainingSurvivesTheLossOfANode(t *testing.T) {
	t.Cleanup(func() { remove(t, "electricity") })
	apply(t, electricity)
	job := eventually(t, "electricity", 3*time.Minute, "past its second checkpoint", func(job *v1alpha1.TrainingJob) bool {
		p := job.Status.Progress
		return job.Status.State == v1alpha1.StateRunning && p != nil && p.Epoch != nil && *p.Epoch >= 2 && p.LastCheckpoint != ""
	})
	node := rankNodeWithoutLeader(t, job)
	lost := breakNode(t, "kill", node)

	job = eventually(t, "electricity", 3*time.Minute, "running again", func(job *v1alpha1.TrainingJob) bool {
		r := job.Status.LastRecovery
		return r != nil && r.FirstStep != nil && job.Status.State == v1alpha1.StateRunning
	})
	r := job.Status.LastRecovery
	tellRecovery(t, job, "the loss of "+node, lost)
	if r.Reason != v1alpha1.RecoveryNodeLost {
		t.Errorf("the reason is %s (%s), not NodeLost", r.Reason, r.Message)
	}
	if n := job.Status.RestartsCountTowardsMax; n != nil && *n != 0 {
		t.Errorf("%d restarts count towards maxRestarts; a lost node is not the program's fault", *n)
	}
	if r.ResumedFrom == "" {
		t.Error("the training began anew instead of resuming from its checkpoint")
	}
	for _, a := range job.Status.Admission.Assignments {
		if a.Node == node {
			t.Errorf("%s-%d is still placed on %s", a.Set, *a.First, node)
		}
	}

	job = eventually(t, "electricity", 10*time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
	if got := accuracy(t, job); got < 0.55+0.10 {
		t.Errorf("accuracy %.3f does not beat the majority class by 10 points", got)
	}
}

func rankNodeWithoutLeader(t *testing.T, job *v1alpha1.TrainingJob) string {
	t.Helper()
	leader, err := lab.LeaderNode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range job.Status.Admission.Assignments {
		if node := job.Status.Admission.Assignments[i].Node; node != leader {
			return node
		}
	}
	t.Fatalf("both ranks run on %s", leader)
	return ""
}

func accuracy(t *testing.T, job *v1alpha1.TrainingJob) float64 {
	t.Helper()
	for _, m := range job.Status.Progress.Metrics {
		if m.Name == "accuracy" {
			value, err := strconv.ParseFloat(m.Value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("the job reports no accuracy: %+v", job.Status.Progress)
	return 0
}
