package main

import (
	"fmt"
	"math"
	"os"
)

const (
	// statisticTolerance is the difference, relative above one, that two
	// statistics may have.
	statisticTolerance = 1e-9
	// probabilityTolerance is the absolute, and probabilityRelative the relative
	// difference that two p-values may have. Both must hold.
	probabilityTolerance = 1e-9
	probabilityRelative  = 1e-6
	// smallestProbability is where doubles begin to lose digits.
	smallestProbability = 1e-300
)

// row is a line of the table.
type row struct {
	name                            string
	cases, refused, noise           int
	worstStatistic, worstP, worstPR float64
	differ                          int
	skip                            string
}

func (r row) failed() bool { return r.differ > 0 }

func printHead() {
	fmt.Printf("%-36s %6s %8s %6s %10s %10s %10s\n", "method", "cases", "refused", "noise", "statistic", "p", "p relative")
}

func (r row) print() {
	verdict := "pass"
	switch {
	case r.skip != "":
		verdict = "skipped: " + r.skip
	case r.failed():
		verdict = fmt.Sprintf("fail (%d differ)", r.differ)
	}
	fmt.Printf("%-36s %6d %8d %6d %10.2e %10.2e %10.2e  %s\n",
		r.name, r.cases, r.refused, r.noise, r.worstStatistic, r.worstP, r.worstPR, verdict)
}

// compare answers every case of a method and holds it against the peer's answer.
func compare(m method, peers []answer, verbose bool) row {
	r := row{name: m.suite + "/" + m.name}
	if as := m.cases[0].As; as != "" {
		r.name += " " + as
	}
	for i, c := range m.cases {
		peer := peers[i]
		if peer.Skip != "" {
			r.skip = peer.Skip
			break
		}
		r.cases++
		if peer.Noise != "" {
			r.noise++
			continue
		}
		ours, err := m.solve(c)
		if err != nil {
			ours.Error = err.Error()
		}
		if problem := r.hold(ours, peer, m.floor); problem != "" {
			r.differ++
			if verbose {
				fmt.Fprintf(os.Stderr, "%s, %s: %s\n", r.name, c.name, problem)
			}
		}
	}
	return r
}

// hold compares one answer and keeps the worst differences.
func (r *row) hold(ours, peer answer, floor float64) string {
	if peer.Error != "" || ours.Error != "" {
		if peer.Error != "" {
			r.refused++
		}
		return refusal(ours, peer)
	}
	if problem := r.statistic(ours.Statistic, peer.Statistic, "statistic"); problem != "" {
		return problem
	}
	if problem := r.statistic(ours.Threshold, peer.Threshold, "threshold"); problem != "" {
		return problem
	}
	if problem := r.probability(ours.P, peer.P, floor); problem != "" {
		return problem
	}
	if len(ours.List) != len(peer.List) {
		return fmt.Sprintf("list of %d, peer %d", len(ours.List), len(peer.List))
	}
	for i := range ours.List {
		if problem := r.statistic(&ours.List[i], &peer.List[i], "entry"); problem != "" {
			return problem
		}
	}
	switch {
	case peer.Method != "" && ours.Method != peer.Method:
		return fmt.Sprintf("method %q, peer %q", ours.Method, peer.Method)
	case peer.Kind != "" && ours.Kind != peer.Kind:
		return fmt.Sprintf("kind %q, peer %q", ours.Kind, peer.Kind)
	case peer.Drifted != nil && ours.Drifted != nil && *ours.Drifted != *peer.Drifted:
		return fmt.Sprintf("drifted %v, peer %v", *ours.Drifted, *peer.Drifted)
	}
	return ""
}

// refusal: where the peer raises or answers NaN we may refuse, and where it
// raises we must not answer with a number.
func refusal(ours, peer answer) string {
	switch {
	case ours.Error != "" && peer.Error == "" && !peer.undefined():
		return "we refuse, the peer does not: " + ours.Error
	case ours.Error == "" && !ours.undefined():
		return "the peer refuses, we do not: " + peer.Error
	}
	return ""
}

// undefined says that a number was asked for and is not one.
func (a answer) undefined() bool {
	for _, v := range []*double{a.Statistic, a.P} {
		if v != nil && math.IsNaN(float64(*v)) {
			return true
		}
	}
	return false
}

func (r *row) statistic(ours, peer *double, what string) string {
	if ours == nil || peer == nil {
		return ""
	}
	a, b := float64(*ours), float64(*peer)
	if same(a, b) {
		return ""
	}
	gap := math.Abs(a-b) / math.Max(1, math.Abs(b))
	r.worstStatistic = worst(r.worstStatistic, gap)
	if !(gap <= statisticTolerance) {
		return fmt.Sprintf("%s %v, peer %v", what, a, b)
	}
	return ""
}

func (r *row) probability(ours, peer *double, floor float64) string {
	if ours == nil || peer == nil {
		return ""
	}
	a, b := float64(*ours), float64(*peer)
	if same(a, b) || math.Max(math.Abs(a), math.Abs(b)) < smallestProbability {
		return ""
	}
	gap := math.Abs(a - b)
	relative := math.Max(0, gap-floor) / math.Abs(b)
	r.worstP, r.worstPR = worst(r.worstP, gap/math.Max(1, math.Abs(b))), worst(r.worstPR, relative)
	if !(gap <= probabilityTolerance*math.Max(1, math.Abs(b)) && relative <= probabilityRelative) {
		return fmt.Sprintf("p or score %v, peer %v", a, b)
	}
	return ""
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func worst(a, b float64) float64 {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.NaN()
	}
	return math.Max(a, b)
}
