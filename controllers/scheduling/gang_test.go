package scheduling

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

func TestExpected(t *testing.T) {
	used := int64(600)
	tests := []struct {
		name   string
		policy *v1alpha1.RunPolicy
		used   *int64
		want   time.Duration
	}{
		{"nothing is known", nil, nil, 0},
		{"a policy without a duration", &v1alpha1.RunPolicy{QueueTimeoutSeconds: 5}, nil, 0},
		{"the estimate", &v1alpha1.RunPolicy{EstimatedDurationSeconds: 900, ActiveDeadlineSeconds: 3600}, nil, 15 * time.Minute},
		{"else the deadline", &v1alpha1.RunPolicy{ActiveDeadlineSeconds: 3600}, nil, time.Hour},
		{"less what was used", &v1alpha1.RunPolicy{EstimatedDurationSeconds: 900}, &used, 5 * time.Minute},
		{"all of it was used", &v1alpha1.RunPolicy{EstimatedDurationSeconds: 300}, &used, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := &v1alpha1.TrainingJob{}
			job.Spec.RunPolicy, job.Status.ActiveSeconds = test.policy, test.used
			if got := expected(job); got != test.want {
				t.Errorf("expected %v, want %v", got, test.want)
			}
		})
	}
}

func TestPlacedSince(t *testing.T) {
	admitted := metav1.Time{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	active := metav1.Time{Time: admitted.Add(time.Second)}
	job := &v1alpha1.TrainingJob{}
	job.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionAdmitted, LastTransitionTime: admitted}}
	if got := placedSince(job); !got.IsZero() {
		t.Errorf("a job without a place has had it since %v", got)
	}
	job.Status.Admission = &v1alpha1.Admission{Assignments: []v1alpha1.Assignment{{}}}
	if got := placedSince(job); !got.Equal(admitted.Time) {
		t.Errorf("since %v, want when it was admitted", got)
	}
	job.Status.ActiveSince = &active
	if got := placedSince(job); !got.Equal(active.Time) {
		t.Errorf("since %v, want what the status says", got)
	}
}
