package ranks_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

func job(replicas ...int32) *v1alpha1.TrainingJob {
	job := &v1alpha1.TrainingJob{}
	for i, n := range replicas {
		job.Spec.ReplicaSpecs = append(job.Spec.ReplicaSpecs, v1alpha1.ReplicaSpec{Name: fmt.Sprintf("set%d", i), Replicas: n})
	}
	return job
}

func run(set string, first, count int32, node string, attempt int32) v1alpha1.Assignment {
	return v1alpha1.Assignment{
		RankRange: v1alpha1.RankRange{Set: set, First: &first, Count: count}, Node: node, Attempt: attempt,
	}
}

func TestRanksAreCountedThroughTheSets(t *testing.T) {
	l := ranks.Of(job(1, 3, 2))
	if l.Total() != 6 || l.Sets() != 3 {
		t.Fatalf("Total, Sets = %d, %d; want 6, 3", l.Total(), l.Sets())
	}
	var got []string
	for rank := range l.Total() {
		set, index := l.At(rank)
		if back := l.Rank(set, index); back != rank {
			t.Errorf("Rank(At(%d)) = %d", rank, back)
		}
		got = append(got, fmt.Sprintf("%s/%d", l.Name(set), index))
	}
	want := []string{"set0/0", "set1/0", "set1/1", "set1/2", "set2/0", "set2/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ranks (-want +got):\n%s", diff)
	}
}

func TestReplicasDefaultToOne(t *testing.T) {
	if l := ranks.Of(job(0, 2)); l.Total() != 3 || l.Replicas(0) != 1 {
		t.Errorf("Total, Replicas(0) = %d, %d; want 3, 1", l.Total(), l.Replicas(0))
	}
}

func TestSetFindsByName(t *testing.T) {
	l := ranks.Of(job(1, 1))
	if set, ok := l.Set("set1"); !ok || set != 1 {
		t.Errorf(`Set("set1") = %d, %t`, set, ok)
	}
	if _, ok := l.Set("set2"); ok {
		t.Error(`Set("set2") found a set that is not there`)
	}
}

func TestExpand(t *testing.T) {
	l := ranks.Of(job(1, 3))
	got, err := l.Expand([]v1alpha1.Assignment{
		run("set1", 1, 2, "b", 2), run("set0", 0, 1, "a", 1), run("set1", 0, 1, "a", 2),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []ranks.Slot{{Node: "a", Attempt: 1}, {Node: "a", Attempt: 2}, {Node: "b", Attempt: 2}, {Node: "b", Attempt: 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}
}

func TestExpandRefuses(t *testing.T) {
	whole := run("set0", 0, 2, "a", 1)
	cases := map[string]struct {
		runs []v1alpha1.Assignment
		want string
	}{
		"nothing":            {nil, "0 of 4 ranks"},
		"a rank left out":    {[]v1alpha1.Assignment{whole, run("set1", 0, 1, "a", 1)}, "3 of 4 ranks"},
		"a rank twice":       {[]v1alpha1.Assignment{whole, run("set1", 0, 2, "a", 1), run("set1", 1, 1, "b", 1)}, "assignments[2]: set1/1 has a place already, on node a"},
		"an unknown set":     {[]v1alpha1.Assignment{run("set9", 0, 1, "a", 1)}, `set "set9" is not in the job`},
		"beyond the set":     {[]v1alpha1.Assignment{run("set0", 1, 2, "a", 1)}, "has 2 replicas"},
		"far beyond the set": {[]v1alpha1.Assignment{run("set0", 1<<31-1, 1<<31-1, "a", 1)}, "has 2 replicas"},
		"before the set":     {[]v1alpha1.Assignment{run("set0", -1, 1, "a", 1)}, "first -1"},
		"an empty run":       {[]v1alpha1.Assignment{run("set0", 0, 0, "a", 1)}, "count 0"},
		"a negative run":     {[]v1alpha1.Assignment{run("set0", 0, -1, "a", 1)}, "count -1"},
		"no node":            {[]v1alpha1.Assignment{run("set0", 0, 1, "", 1)}, "node is not given"},
		"no attempt":         {[]v1alpha1.Assignment{run("set0", 0, 1, "a", 0)}, "attempt 0"},
		"no first":           {[]v1alpha1.Assignment{{RankRange: v1alpha1.RankRange{Set: "set0", Count: 1}, Node: "a", Attempt: 1}}, "first is not given"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ranks.Of(job(2, 2)).Expand(c.runs)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestCompactMakesTheFewestRuns(t *testing.T) {
	l := ranks.Of(job(2, 4))
	a1, a2, b2 := ranks.Slot{Node: "a", Attempt: 1}, ranks.Slot{Node: "a", Attempt: 2}, ranks.Slot{Node: "b", Attempt: 2}
	got := l.Compact([]ranks.Slot{a1, a1, a1, a2, b2, b2})
	want := []v1alpha1.Assignment{
		run("set0", 0, 2, "a", 1), run("set1", 0, 1, "a", 1), run("set1", 1, 1, "a", 2), run("set1", 2, 2, "b", 2),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestCompactLeavesOutRanksWithoutPlace(t *testing.T) {
	got := ranks.Of(job(3)).Compact([]ranks.Slot{{Node: "a", Attempt: 1}, {}, {Node: "a", Attempt: 1}})
	want := []v1alpha1.Assignment{run("set0", 0, 1, "a", 1), run("set0", 2, 1, "a", 1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

// TestRoundTrip: whatever the places, compacting and expanding gives them back,
// from no more runs than there are changes.
func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		sets := make([]int32, 1+random.IntN(v1alpha1.MaxReplicaSpecs))
		for i := range sets {
			sets[i] = 1 + random.Int32N(v1alpha1.MaxPods/v1alpha1.MaxReplicaSpecs)
		}
		l := ranks.Of(job(sets...))
		slots := make([]ranks.Slot, l.Total())
		changes := 0
		for i := range slots {
			if i > 0 && random.IntN(4) > 0 {
				slots[i] = slots[i-1]
			} else {
				slots[i] = ranks.Slot{Node: fmt.Sprint("node", random.IntN(5)), Attempt: 1 + random.Int32N(3)}
				changes++
			}
		}
		runs := l.Compact(slots)
		if len(runs) > changes+len(sets) {
			t.Fatalf("%d runs of %d changes in %d sets", len(runs), changes, len(sets))
		}
		random.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
		got, err := l.Expand(runs)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slots, got) {
			t.Fatalf("slots of %v (-want +got):\n%s", sets, cmp.Diff(slots, got))
		}
	}
}

// FuzzExpand: no status, however damaged, makes Expand fail but with an error.
func FuzzExpand(f *testing.F) {
	f.Add("set0", int32(0), int32(2), "a", int32(1))
	f.Add("set1", int32(1<<31-1), int32(1), "", int32(-1))
	f.Fuzz(func(t *testing.T, set string, first, count int32, node string, attempt int32) {
		a := run(set, first, count, node, attempt)
		l := ranks.Of(job(2, 1))
		slots, err := l.Expand([]v1alpha1.Assignment{a, run("set1", 0, 1, "b", 1)})
		if err == nil && (len(slots) != 3 || slots[0].Node != node || slots[2].Node != "b") {
			t.Errorf("Expand(%v) = %v", a, slots)
		}
	})
}
