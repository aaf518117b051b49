package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

var healths = map[lifecycle.Health]string{
	lifecycle.Alive: "Alive", lifecycle.Suspect: "Suspect", lifecycle.Lost: "Lost", lifecycle.Removed: "Removed",
}

func TestJudgeNode(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	// A node's signs, each changed from a node that is well.
	type signs = lifecycle.NodeSigns
	late := func(s *signs) { s.LeaseRenewed = ago(13 * time.Second) }
	answering := func(s *signs) { s.Launchers, s.LastAnswer = true, ago(time.Second) }
	silent := func(s *signs) { s.Launchers, s.Silent, s.LastAnswer = true, true, ago(5*time.Second) }
	unready := func(d time.Duration) func(*signs) {
		return func(s *signs) { s.Unready, s.UnreadySince = true, ago(d) }
	}
	unleased := func(s *signs) { s.LeaseRenewed = time.Time{} }
	tests := map[string]struct {
		change []func(*signs)
		quiet  bool
		want   lifecycle.Health
		why    string
	}{
		"all is well":          {},
		"it is gone":           {change: []func(*signs){func(s *signs) { *s = signs{} }}, want: lifecycle.Removed, why: "its object is gone"},
		"it is out of service": {change: []func(*signs){func(s *signs) { s.OutOfService = true }}, want: lifecycle.Removed, why: "out of service"},
		"out of service weighs more than answers": {
			change: []func(*signs){answering, func(s *signs) { s.OutOfService = true }}, want: lifecycle.Removed},
		"a renewal that is almost late": {change: []func(*signs){func(s *signs) { s.LeaseRenewed = ago(13*time.Second - 1) }}},
		"a late renewal alone": {
			change: []func(*signs){late}, want: lifecycle.Suspect, why: "its lease is 13s old"},
		"cut from the API server only": {
			change: []func(*signs){late, answering}},
		"cut from the API server only, and called unreachable": {
			change: []func(*signs){late, unready(time.Hour), answering}},
		"late, and the launchers are silent": {
			change: []func(*signs){late, silent}, want: lifecycle.Lost, why: "no launcher on it has answered for 5s"},
		"late, no launcher, and not ready": {
			change: []func(*signs){late, unready(time.Second)}, want: lifecycle.Lost, why: "it is not ready"},
		"silent launchers alone": {
			change: []func(*signs){silent}, want: lifecycle.Suspect, why: "no launcher on it has answered for 5s"},
		"not ready alone: its lease is renewed": {
			change: []func(*signs){unready(time.Hour)}},
		"without a lease, ready": {
			change: []func(*signs){unleased}},
		"without a lease, not ready": {
			change: []func(*signs){unleased, unready(time.Second)}, want: lifecycle.Lost, why: "it has no lease and it is not ready"},
		"quiet: a late renewal and silent launchers": {
			change: []func(*signs){late, silent}, quiet: true, want: lifecycle.Suspect, why: "the control plane is suspected"},
		"quiet: not ready for a short while": {
			change: []func(*signs){late, unready(5*time.Minute - 1)}, quiet: true, want: lifecycle.Suspect},
		"quiet: not ready for long": {
			change: []func(*signs){late, unready(5 * time.Minute)}, quiet: true, want: lifecycle.Lost, why: "not ready since 2026-03-01T12:05:00Z"},
		"quiet: it is gone": {
			change: []func(*signs){func(s *signs) { s.Exists = false }}, quiet: true, want: lifecycle.Removed},
		"quiet: all is well": {quiet: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := signs{Exists: true, LeaseRenewed: ago(time.Second)}
			for _, change := range tc.change {
				change(&s)
			}
			n := lifecycle.JudgeNode(now, s, tc.quiet)
			if n.Health != tc.want || !strings.Contains(n.Witness, tc.why) {
				t.Errorf("%s: %q, want %s: %q", healths[n.Health], n.Witness, healths[tc.want], tc.why)
			}
			if (n.Health == lifecycle.Alive) != (n.Witness == "") {
				t.Errorf("%s, with the witness %q", healths[n.Health], n.Witness)
			}
		})
	}
}

func TestNodeIsProvenByItsLastSign(t *testing.T) {
	a, b := now.Add(-time.Second), now.Add(-time.Minute)
	for _, s := range []lifecycle.NodeSigns{
		{Exists: true, LeaseRenewed: a, LastAnswer: b}, {Exists: true, LeaseRenewed: b, LastAnswer: a},
	} {
		if n := lifecycle.JudgeNode(now, s, false); !n.Proven.Equal(a) {
			t.Errorf("proven at %s, want %s", n.Proven, a)
		}
	}
}

func TestQuiet(t *testing.T) {
	tests := []struct {
		late, nodes int
		want        bool
	}{
		{0, 0, false}, {1, 1, false}, {1, 3, false}, {2, 3, true}, {2, 9, true}, {2, 10, false}, {3, 10, true},
		{200, 1000, false}, {201, 1000, true},
	}
	for _, tc := range tests {
		t.Run(fmt.Sprintf("%d of %d", tc.late, tc.nodes), func(t *testing.T) {
			if got := lifecycle.Quiet(tc.late, tc.nodes); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
