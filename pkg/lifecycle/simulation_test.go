package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// TestSimulation: whatever dies, a job whose program would succeed does, no two
// processes hold one rank in one attempt, and what the infrastructure did wrong
// costs the user no restart, once it has come to light.
func TestSimulation(t *testing.T) {
	troubles := map[string]trouble{
		"nothing":             {},
		"nodes die":           {kill: 100},
		"pods go":             {drain: 200},
		"evictions":           {evict: 100},
		"crashes":             {crash: 20},
		"rare crashes, nodes": {kill: 100, crash: 1},
		"all of it":           {kill: 60, drain: 60, evict: 40, crash: 1},
	}
	for name, trouble := range troubles {
		for _, strategy := range []lifecycle.Strategy{lifecycle.Recreate, lifecycle.InPlace, lifecycle.ReplaceFailed} {
			for _, launcher := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, strategy %d, launcher %v", name, strategy, launcher), func(t *testing.T) {
					restarts := int32(0)
					for seed := range uint64(12) {
						restarts += simulate(t, seed, lifecycle.Job{
							Sets: []lifecycle.Set{{Name: "a", Replicas: 2}, {Name: "b", Replicas: 1}}, Launcher: launcher,
							Failure: lifecycle.FailurePolicy{MaxRestarts: 1, Attribution: time.Minute, Strategy: strategy},
							Limits:  lifecycle.Limits{Bind: 30 * time.Second, Startup: 10 * time.Minute, TTL: -1},
						}, trouble)
					}
					if troubled := trouble.kill+trouble.drain > 0; troubled != (restarts > 0) {
						t.Errorf("%d restarts", restarts)
					}
				})
			}
		}
	}
}

// simulate plays one job to its end and returns how often it was restarted.
func simulate(t *testing.T, seed uint64, job lifecycle.Job, tr trouble) int32 {
	t.Helper()
	w := newWorld(seed, job, tr)
	for i := 0; w.record.End == nil && w.wrong == "" && i < 20000; i++ {
		if i == 2000 {
			w.trouble = trouble{}
		}
		w.tick()
	}
	end := w.record.End
	switch {
	case w.wrong != "":
		t.Errorf("seed %d: %s", seed, w.wrong)
	case end == nil:
		t.Errorf("seed %d: the job never ends: %+v", seed, w.record)
	case !end.Succeeded:
		t.Errorf("seed %d: the job fails after %s: %s: %s", seed, w.now.Sub(start), end.Reason, end.Message)
	case w.record.Counted != 0 && w.now.Sub(w.record.CountedAt[len(w.record.CountedAt)-1]) > job.Failure.Attribution:
		t.Errorf("seed %d: %d of %d restarts are the user's", seed, w.record.Counted, w.record.Restarts)
	}
	return w.record.Restarts
}
