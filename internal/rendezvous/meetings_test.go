package rendezvous_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/rendezvous"
)

// TestWhoMeets: a set that cannot run beside rank 0 is no part of its world.
func TestWhoMeets(t *testing.T) {
	// seen is what a set's first replica sees: where the others are, their
	// number, its rank among them and whether it may wait for rank 0.
	type seen struct {
		Leader, World, Rank string
		Awaits              bool
	}
	cases := map[string]struct {
		sets []set
		want map[string]seen
	}{
		"sets without order meet": {
			sets: []set{{name: "a", replicas: 2}, {name: "b", replicas: 3}},
			want: map[string]seen{"a": {"a-0", "5", "0", true}, "b": {"a-0", "5", "2", true}},
		},
		"what comes first and ends meets by itself": {
			sets: []set{{name: "train after prepare", replicas: 4}, {name: "prepare", replicas: 2}},
			want: map[string]seen{"train": {"train-0", "4", "0", true}, "prepare": {"prepare-0", "2", "0", false}},
		},
		"what comes afterwards meets by itself": {
			sets: []set{{name: "train", replicas: 4}, {name: "eval after train", replicas: 2}, {name: "report after eval", replicas: 1}},
			want: map[string]seen{
				"train": {"train-0", "4", "0", true}, "eval": {"eval-0", "2", "0", false}, "report": {"report-0", "1", "0", false},
			},
		},
		"what waits for what comes afterwards too": {
			sets: []set{{name: "train", replicas: 1}, {name: "eval after train", replicas: 1}, {name: "show beside eval", replicas: 1}},
			want: map[string]seen{
				"train": {"train-0", "1", "0", true}, "eval": {"eval-0", "1", "0", false}, "show": {"show-0", "1", "0", false},
			},
		},
		"rank 0 waits for those that are ready first": {
			sets: []set{{name: "chief beside ps", replicas: 1}, {name: "ps", replicas: 2}, {name: "worker", replicas: 2}},
			want: map[string]seen{
				"chief": {"chief-0", "5", "0", true}, "ps": {"chief-0", "5", "1", false}, "worker": {"chief-0", "5", "3", true},
			},
		},
		"through others": {
			sets: []set{{name: "chief beside worker", replicas: 1}, {name: "worker beside ps", replicas: 1}, {name: "ps", replicas: 1}},
			want: map[string]seen{
				"chief": {"chief-0", "3", "0", true}, "worker": {"chief-0", "3", "1", false}, "ps": {"chief-0", "3", "2", false},
			},
		},
		"a chain of preparations": {
			sets: []set{{name: "train after split", replicas: 2}, {name: "split after fetch", replicas: 1}, {name: "fetch", replicas: 1}},
			want: map[string]seen{
				"train": {"train-0", "2", "0", true}, "split": {"split-0", "1", "0", false}, "fetch": {"fetch-0", "1", "0", false},
			},
		},
		"only workers wait for the preparation": {
			sets: []set{{name: "driver", replicas: 1}, {name: "worker after prepare", replicas: 2}, {name: "prepare", replicas: 1}},
			want: map[string]seen{
				"driver": {"driver-0", "3", "0", true}, "worker": {"driver-0", "3", "1", true}, "prepare": {"prepare-0", "1", "0", false},
			},
		},
		"workers that begin once something beside rank 0 has ended": {
			sets: []set{{name: "chief", replicas: 1}, {name: "warm beside chief", replicas: 1}, {name: "worker after warm", replicas: 2}},
			want: map[string]seen{
				"chief": {"chief-0", "3", "0", true}, "warm": {"warm-0", "1", "0", false}, "worker": {"chief-0", "3", "1", true},
			},
		},
		"a circle and a set that is not there end": {
			sets: []set{{name: "a beside b", replicas: 1}, {name: "b beside a", replicas: 1}, {name: "c after nobody", replicas: 1}},
			want: map[string]seen{
				"a": {"a-0", "3", "0", false}, "b": {"a-0", "3", "1", false}, "c": {"a-0", "3", "2", true},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := job(v1alpha1.FrameworkPyTorch, c.sets...)
			p := plan(t, j)
			got := map[string]seen{}
			for i, s := range j.Spec.ReplicaSpecs {
				e := env(t, p, i, 0)
				leader := e["MASTER_ADDR"][:len(e["MASTER_ADDR"])-len(".bert.nlp.svc")]
				got[s.Name] = seen{Leader: leader, World: e["WORLD_SIZE"], Rank: e["RANK"], Awaits: p.AwaitsRank0(i)}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("meetings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASetBesideAnMPIJobRunsItsOwnCommand(t *testing.T) {
	p := plan(t, job(v1alpha1.FrameworkMPI,
		set{name: "mpirun after fetch", replicas: 1}, set{name: "worker", replicas: 2}, set{name: "fetch", replicas: 1}))
	if got := p.Framework(1); got != v1alpha1.FrameworkMPI {
		t.Errorf("framework of the workers = %s", got)
	}
	if got := p.Framework(2); got != v1alpha1.FrameworkGeneric {
		t.Errorf("framework of the preparation = %s, want Generic", got)
	}
	if got := env(t, p, 2, 0)[rendezvous.EnvWorldSize]; got != "1" {
		t.Errorf("processes of the preparation = %s, want 1", got)
	}
}

// TestMPIsRank0WaitsByItself: its workers need its key before they are ready.
func TestMPIsRank0WaitsByItself(t *testing.T) {
	_, err := rendezvous.New(job(v1alpha1.FrameworkMPI,
		set{name: "mpirun beside worker", replicas: 1}, set{name: "worker", replicas: 2}), "")
	if err == nil || !strings.Contains(err.Error(), "spec.replicaSpecs[0].dependsOn") || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error %v, want one that names the field and the cure", err)
	}
}

func TestMPINeedsWorkers(t *testing.T) {
	for name, sets := range map[string][]set{
		"one set":                     {{name: "mpirun", replicas: 1}},
		"workers that do not overlap": {{name: "mpirun after fetch", replicas: 1}, {name: "fetch", replicas: 2}},
	} {
		_, err := rendezvous.New(job(v1alpha1.FrameworkMPI, sets...), "")
		if err == nil || !strings.Contains(err.Error(), "needs a set of workers") {
			t.Errorf("%s: error %v, want one that asks for workers", name, err)
		}
	}
}
