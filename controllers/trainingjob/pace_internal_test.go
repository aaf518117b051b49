package trainingjob

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

var placedAt = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// gangOf is a job of one set that was placed at placedAt and is looked at later.
func gangOf(replicas int32, later time.Duration) *scope {
	job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "gang", UID: "uid"}}
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{{Name: "worker", Replicas: replicas}}
	s := &scope{key: types.NamespacedName{Namespace: "default", Name: "gang"}, job: job, layout: ranks.Of(job)}
	s.observed.Now = placedAt.Add(later)
	s.observed.Record.Placement = lifecycle.Placement{Attempt: 1, Since: placedAt}
	return s
}

func TestOnlyCounts(t *testing.T) {
	base := func() *v1alpha1.TrainingJobStatus {
		return &v1alpha1.TrainingJobStatus{
			State: v1alpha1.StateStarting, Ready: "1/2",
			Conditions:      []metav1.Condition{{Type: v1alpha1.ConditionRunning, Status: metav1.ConditionFalse, Reason: "PodsStarting", Message: "1 of 2"}},
			ReplicaStatuses: []v1alpha1.ReplicaStatus{{Name: "worker", Attempt: 1, Active: ptr.To[int32](1), Succeeded: "0"}},
			Progress:        &v1alpha1.Progress{Step: ptr.To[int64](1), LastCheckpoint: "attempt-0001/step-1"},
		}
	}
	tests := map[string]struct {
		change func(*v1alpha1.TrainingJobStatus)
		want   bool
	}{
		"ready":          {func(st *v1alpha1.TrainingJobStatus) { st.Ready, st.Conditions[0].Message = "2/2", "2 of 2" }, true},
		"active":         {func(st *v1alpha1.TrainingJobStatus) { st.ReplicaStatuses[0].Active = ptr.To[int32](2) }, true},
		"step":           {func(st *v1alpha1.TrainingJobStatus) { st.Progress.Step = ptr.To[int64](2) }, true},
		"first progress": {func(st *v1alpha1.TrainingJobStatus) { st.Progress = nil }, false},
		"checkpoint":     {func(st *v1alpha1.TrainingJobStatus) { st.Progress.LastCheckpoint = "attempt-0001/step-2" }, false},
		"succeeded":      {func(st *v1alpha1.TrainingJobStatus) { st.ReplicaStatuses[0].Succeeded = "0-1" }, false},
		"pods created":   {func(st *v1alpha1.TrainingJobStatus) { st.ReplicaStatuses[0].Attempt = 2 }, false},
		"state":          {func(st *v1alpha1.TrainingJobStatus) { st.State = v1alpha1.StateRunning }, false},
		"condition":      {func(st *v1alpha1.TrainingJobStatus) { st.Conditions[0].Status = metav1.ConditionTrue }, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			next := base()
			tc.change(next)
			if got := onlyCounts(base(), next); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// The longer a gang takes to start, the less often its counts are written.
func TestCountsAreWrittenAtGrowingIntervals(t *testing.T) {
	r := &Reconciler{}
	writes := 0
	for at := time.Duration(0); at <= time.Minute; at += 100 * time.Millisecond {
		s := gangOf(2, at)
		if r.mustWait(s, &v1alpha1.TrainingJobStatus{Ready: "0/2"}, &v1alpha1.TrainingJobStatus{Ready: "1/2"}) <= 0 {
			writes++
			r.statusPace.note(s)
		}
	}
	if writes > 11 { // at 0, 1, 2, 4, 8, 16, 26, 36, 46, 56 s
		t.Errorf("%d writes in a minute", writes)
	}
	s := gangOf(2, 61*time.Second)
	r.statusPace.note(gangOf(2, time.Minute))
	running := &v1alpha1.TrainingJobStatus{State: v1alpha1.StateRunning}
	if wait := r.mustWait(s, &v1alpha1.TrainingJobStatus{}, running); wait > 0 {
		t.Errorf("that the job runs waits for %s", wait)
	}
}

func TestPaceForgets(t *testing.T) {
	p := &pace{}
	s := gangOf(1, 0)
	p.note(s)
	again := gangOf(1, time.Second)
	again.job.UID = "another job of the same name"
	if at := p.since(again); !at.IsZero() {
		t.Errorf("another job was written about at %s", at)
	}
	if p.forget(s.key); !p.since(s).IsZero() {
		t.Error("a job that is gone is remembered")
	}
}

func TestSliceWait(t *testing.T) {
	const soon, late = time.Second, sliceHold + time.Second
	tests := map[string]struct {
		published, held []int32 // ranks
		moved           bool    // rank 0 is published with an older address
		at, start       time.Duration
		waits           bool
	}{
		"the first rank of two":          {held: []int32{0}, at: soon, start: soon, waits: true},
		"nothing starts any more":        {held: []int32{0}, at: soon + sliceQuiet, start: soon},
		"it starts for long":             {held: []int32{0}, at: late, start: late},
		"all ranks":                      {held: []int32{0, 1}, at: soon, start: soon},
		"the last rank":                  {published: []int32{0}, held: []int32{0, 1}, at: soon, start: soon},
		"a rank is gone":                 {published: []int32{0, 1}, held: []int32{1}, at: soon, start: soon},
		"a rank has moved":               {published: []int32{0, 1}, held: []int32{0, 1}, moved: true, at: soon, start: soon},
		"all are published, some serves": {published: []int32{0, 1}, held: []int32{0, 1}, at: soon, start: soon, waits: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := gangOf(2, tc.at)
			started := metav1.NewTime(placedAt.Add(tc.start))
			s.pods = []corev1.Pod{{Status: corev1.PodStatus{StartTime: &started}}}
			held := endpointsOf(tc.held, "10.0.0.")
			published := endpointsOf(tc.published, "10.0.0.")
			if tc.moved {
				published[0].IPs = []string{"10.9.9.9"}
			}
			want, err := render.EndpointSlices(s.job, held)
			if err != nil {
				t.Fatal(err)
			}
			have, err := render.EndpointSlices(s.job, published)
			if err != nil {
				t.Fatal(err)
			}
			known := map[string]*discoveryv1.EndpointSlice{}
			for _, slice := range have {
				known[slice.Name] = slice
			}
			wait := (&Reconciler{}).sliceWait(s, want, known, s.setsWhole(held))
			if (wait > 0) != tc.waits {
				t.Errorf("waits for %s", wait)
			}
		})
	}
}

func endpointsOf(ranks []int32, network string) []render.Endpoint {
	out := make([]render.Endpoint, len(ranks))
	for i, rank := range ranks {
		out[i] = render.Endpoint{Rank: rank, Pod: "p", IPs: []string{network + string(rune('1'+rank))}}
	}
	return out
}
