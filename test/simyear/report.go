package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// wilson is the 95 % interval of a share, by Wilson's score (E. B. Wilson,
// "Probable Inference, the Law of Succession, and Statistical Inference", 1927).
func wilson(hits, of int) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	n, p := float64(of), float64(hits)/float64(of)
	middle := p + z*z/(2*n)
	spread := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max((middle-spread)/(1+z*z/n), 0), min((middle+spread)/(1+z*z/n), 1)
}

// tally counts trials of one kind, or nuisances.
type tally struct {
	name                             string
	of, missed, late, wrong, alarmed int
	after                            []time.Duration
}

// year is what a fleet's year came to.
type year struct {
	plan      *plan
	faults    []*tally
	nuisances []*tally
	alarms    []alarm
	incidents []incident
	servers   int
}

func summarise(p *plan, servers []*judge) *year {
	y := &year{plan: p, servers: len(servers)}
	faults, nuisances := map[string]*tally{}, map[string]*tally{}
	for _, j := range servers {
		for _, t := range j.trials {
			countTrial(count(faults, &y.faults, t.kind.name), t)
		}
		for _, h := range j.annoying {
			count(nuisances, &y.nuisances, h.nuisance.name).of++
		}
		y.alarms = append(y.alarms, j.alarms...)
		blamed := map[*happening]bool{}
		for i := range j.alarms {
			if h := j.alarms[i].blamed; h != nil && !blamed[h] && !j.alarms[i].stale {
				blamed[h] = true
				count(nuisances, &y.nuisances, h.nuisance.name).alarmed++
			}
		}
	}
	y.incidents = correlate(p, servers)
	byName := func(a, b *tally) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(y.faults, byName)
	slices.SortFunc(y.nuisances, byName)
	return y
}

func count(byName map[string]*tally, list *[]*tally, name string) *tally {
	t := byName[name]
	if t == nil {
		t = &tally{name: name}
		byName[name] = t
		*list = append(*list, t)
	}
	return t
}

func countTrial(t *tally, trial *trial) {
	t.of++
	switch {
	case !trial.heard:
		t.missed++
	case trial.missed():
		t.late++
	}
	if trial.heard {
		t.after = append(t.after, trial.after)
	}
	if trial.wrongAction() {
		t.wrong++
	}
}

// total adds tallies up.
func total(list []*tally) *tally {
	sum := &tally{name: "all"}
	for _, t := range list {
		sum.of, sum.missed, sum.late = sum.of+t.of, sum.missed+t.missed, sum.late+t.late
		sum.wrong, sum.alarmed = sum.wrong+t.wrong, sum.alarmed+t.alarmed
		sum.after = append(sum.after, t.after...)
	}
	return sum
}

func (t *tally) quantile(q float64) time.Duration {
	if len(t.after) == 0 {
		return 0
	}
	slices.Sort(t.after)
	return t.after[int(q*float64(len(t.after)-1)+0.5)]
}

func (y *year) stale() (n int) {
	for i := range y.alarms {
		if y.alarms[i].stale {
			n++
		}
	}
	return n
}

// table prints what a person wants to know.
func (y *year) table(w io.Writer, verbose bool) {
	fmt.Fprintf(w, "%d servers of %d GPUs, %.0f days. Of %d failures of the trace an agent can see %d; the others are the business of the management controller, or need a test.\n\n",
		y.servers, gpusPerServer, y.plan.span.Hours()/24, y.plan.traced, y.plan.visible)
	fmt.Fprintf(w, "%-26s %6s %6s %5s %6s   %-17s %10s %10s\n", "fault", "times", "missed", "late", "wrong", "missed or late", "median", "p99")
	for _, t := range append(slices.Clone(y.faults), total(y.faults)) {
		low, high := wilson(t.missed+t.late, t.of)
		fmt.Fprintf(w, "%-26s %6d %6d %5d %6d   %5.2f - %5.2f %%   %10v %10v\n", t.name, t.of, t.missed, t.late, t.wrong, 100*low, 100*high, t.quantile(0.5), t.quantile(0.99))
	}
	fmt.Fprintf(w, "\n%-26s %6s %6s   %s\n", "nuisance", "times", "alarms", "false alarm")
	for _, t := range append(slices.Clone(y.nuisances), total(y.nuisances)) {
		low, high := wilson(t.alarmed, t.of)
		fmt.Fprintf(w, "%-26s %6d %6d   %5.2f - %5.2f %%\n", t.name, t.of, t.alarmed, 100*low, 100*high)
	}
	fmt.Fprintf(w, "\nfindings that outlasted their repair: %d\n", y.stale())
	found := 0
	for _, t := range y.plan.together {
		if t.found {
			found++
		}
	}
	unplanned := y.unplanned()
	fmt.Fprintf(w, "things that befell many servers: %d, seen as one: %d; seen where there was none: %d\n\n", len(y.plan.together), found, unplanned)
	if !verbose {
		return
	}
	for i := range y.alarms {
		fmt.Fprintln(w, y.alarms[i].String())
	}
	for i := range y.incidents {
		in := &y.incidents[i]
		fmt.Fprintf(w, "%s %s %s %s planned %v: %s\n", in.at.Format(time.RFC3339), in.Cause, in.Subject, in.Rule, in.planned, in.Reason)
	}
	for _, t := range y.plan.together {
		if !t.found {
			fmt.Fprintf(w, "not seen: %s %s at %s on %v\n", t.cause, t.subject, t.from.Format(time.RFC3339), t.servers)
		}
	}
}

func (y *year) unplanned() (n int) {
	for i := range y.incidents {
		if !y.incidents[i].planned {
			n++
		}
	}
	return n
}

// figures prints one line a figure.
func (y *year) figures(w io.Writer) {
	faults, nuisances := total(y.faults), total(y.nuisances)
	figure := func(name string, value float64, unit string, target float64) {
		verdict := "pass"
		if value > target {
			verdict = "fail"
		}
		fmt.Fprintf(w, "%s\t%.4g\t%s\t<=%.4g\t%s\n", name, value, unit, target, verdict)
	}
	share := func(hits, of int) float64 { return float64(hits) / float64(max(of, 1)) }
	_, missedHigh := wilson(faults.missed+faults.late, faults.of)
	_, alarmHigh := wilson(nuisances.alarmed, nuisances.of)
	serverYears := float64(y.servers) * y.plan.span.Hours() / (365 * 24)
	unseen := 0
	for _, t := range y.plan.together {
		if !t.found {
			unseen++
		}
	}
	figure("sim_year_faults_missed", share(faults.missed+faults.late, faults.of), "ratio", 0.01)
	figure("sim_year_faults_missed_upper95", missedHigh, "ratio", 0.03)
	figure("sim_year_wrong_action", share(faults.wrong, faults.of), "ratio", 0.02)
	figure("sim_year_nuisances_alarmed", share(nuisances.alarmed, nuisances.of), "ratio", 0.001)
	figure("sim_year_nuisances_alarmed_upper95", alarmHigh, "ratio", 0.002)
	figure("sim_year_false_alarms_per_server_year", float64(len(y.alarms)-y.stale())/serverYears, "1/year", 0.02)
	figure("sim_year_stale_alarms_per_fault", share(y.stale(), faults.of), "ratio", 0.01)
	// Half of the faults are conditions that must hold for a minute, so that a link
	// that blinks or a spike of heat is none; two samples come on top.
	figure("sim_year_fault_to_verdict_p50", faults.quantile(0.5).Seconds(), "s", 75)
	figure("sim_year_fault_to_verdict_p99", faults.quantile(0.99).Seconds(), "s", 600)
	figure("sim_year_domains_not_seen", share(unseen, len(y.plan.together)), "ratio", 0.05)
	figure("sim_year_domains_without_cause", float64(y.unplanned())/serverYears*traceServers, "1/year", 4)
}
