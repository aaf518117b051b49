//go:build e2e

package test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCrash kills the lab's command at random moments while it brings a lab
// up, takes what became of it down, and looks.
func TestCrash(t *testing.T) {
	l := newLab(t, "crash", "10.249")
	before, folders := settings(), present(hostFolders)

	// An undisturbed run says how long the moments to choose from are.
	start := time.Now()
	finish(t, l.up(context.Background()))
	whole := time.Since(start)
	t.Logf("an undisturbed up takes %s", whole.Round(100*time.Millisecond))
	l.run(t, "down")
	requireNothing(t, l)

	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			// Squared, so that more of the moments are early, when most is made.
			at := time.Duration(random.Float64() * random.Float64() * float64(whole))
			killAfter(t, l, at, "up", "--nodes", "2", "--simulated-nodes", "2", "--subnet", "10.249.0.0/16")
			if random.IntN(2) == 0 {
				// The way down may be cut short as well.
				killAfter(t, l, time.Duration(random.Float64()*float64(300*time.Millisecond)), "down")
			}
			l.run(t, "down")
			requireNothing(t, l)
		})
	}
	if diff := cmp.Diff(before, settings()); diff != "" {
		t.Errorf("settings of the kernel changed (-before +after):\n%s", diff)
	}
	after := present(hostFolders)
	maps.DeleteFunc(after, func(path string, _ bool) bool { return folders[path] })
	if len(after) > 0 {
		t.Errorf("folders that did not exist before: %v", after)
	}
}

// TestResume kills the lab's command half way up and lets another finish.
func TestResume(t *testing.T) {
	l := newLab(t, "resume", "10.248")
	for _, at := range []time.Duration{200 * time.Millisecond, 2 * time.Second, 6 * time.Second} {
		killAfter(t, l, at, "up", "--nodes", "2", "--simulated-nodes", "2", "--subnet", "10.248.0.0/16")
	}
	finish(t, l.up(context.Background()))
	l.run(t, "status")
	l.run(t, "down")
	requireNothing(t, l)
}

// killAfter runs a command of the lab and kills it after some time, with no
// warning.
func killAfter(t *testing.T, l *lab, after time.Duration, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	err := l.command(ctx, args...).Run()
	t.Logf("%s ended after %s: %v", args[0], after.Round(time.Millisecond), err)
}

func requireNothing(t *testing.T, l *lab) {
	t.Helper()
	for _, found := range remains(t, l) {
		t.Errorf("left behind: %s", found)
	}
}
