package lifecycle

import (
	"slices"
	"time"
)

// exclusionTime is how long a job keeps away from a node that failed it. It
// outlasts a reboot; a node that is well again is not lost for good.
const exclusionTime = 10 * time.Minute

// maxExclusions bounds the record.
const maxExclusions = 64

// verdict is what the failed ranks of an attempt lead to.
type verdict struct {
	fault   fault // the one that decides
	action  Action
	rule    string // the rule that decided, if any
	counted bool
	ranks   []int // the failed ranks, ascending
}

// infraOrder ranks the reasons of the infrastructure, the most telling first.
var infraOrder = []string{ReasonNodeLost, ReasonPodRefused, ReasonBindTimeout, ReasonPodLost, ReasonRankOrphaned}

// assess finds what the failed ranks lead to; nil if none failed.
func (o *Observation) assess(ranks []rank) *verdict {
	v := &verdict{action: RestartUncounted}
	best := len(infraOrder) + 1 // heavier than any fault
	for i := range ranks {
		if ranks[i].state != rankFailed {
			continue
		}
		v.ranks = append(v.ranks, i)
		f := ranks[i].fault
		weight := faultWeight(f)
		if weight < best || (weight == best && f.at.Before(v.fault.at)) {
			best, v.fault = weight, f
		}
	}
	if v.ranks == nil {
		return nil
	}
	v.counted = !v.fault.infra
	if v.counted {
		v.action = Restart
	}
	o.applyRules(ranks, v)
	return v
}

func faultWeight(f fault) int {
	if i := slices.Index(infraOrder, f.reason); i >= 0 {
		return i
	}
	return len(infraOrder)
}

// applyRules lets the most severe of the rules that match decide. Ranks that
// failed only because another's node died are left out: their exit code is an
// echo.
func (o *Observation) applyRules(ranks []rank, v *verdict) {
	matched := false
	for _, i := range v.ranks {
		if v.fault.infra && !ranks[i].fault.infra {
			continue
		}
		rule := o.ruleFor(i, &ranks[i])
		if rule == nil || (matched && rule.Action <= v.action) {
			continue
		}
		matched = true
		v.action, v.rule, v.fault = rule.Action, rule.Name, ranks[i].fault
		v.counted = rule.Action != RestartUncounted && !v.fault.infra
	}
}

// ruleFor returns the first rule that matches a failed rank.
func (o *Observation) ruleFor(i int, r *rank) *Rule {
	set, _ := o.Job.SetOf(i)
	for k := range o.Job.Failure.Rules {
		rule := &o.Job.Failure.Rules[k]
		if len(rule.Sets) > 0 && !slices.Contains(rule.Sets, o.Job.Sets[set].Name) {
			continue
		}
		if rule.matches(r) {
			return rule
		}
	}
	return nil
}

func (r *Rule) matches(failed *rank) bool {
	if r.Condition.Type != "" {
		return failed.pod != nil && slices.Contains(failed.pod.Conditions, r.Condition)
	}
	code := failed.fault.exitCode
	return code != 0 && slices.Contains(r.ExitCodes, code) != r.NotIn
}

// budgetLeft says whether one more counted restart is allowed.
func (o *Observation) budgetLeft() bool {
	f := &o.Job.Failure
	if f.Window == 0 {
		return int(o.Record.Counted) < f.MaxRestarts
	}
	recent := 0
	for _, t := range o.Record.CountedAt {
		if o.Now.Sub(t) < f.Window {
			recent++
		}
	}
	return recent < f.MaxRestarts
}

// attributionOpen says whether the cause of a failure at that time may still
// turn out to be a node's. It closes early once every node of the attempt has
// given a sign of life since.
func (o *Observation) attributionOpen(at time.Time) bool {
	if o.Now.Sub(at) >= o.Job.Failure.Attribution {
		return false
	}
	for _, s := range o.Record.Placement.Slots {
		if !o.Nodes[s.Node].Proven.After(at) {
			return true
		}
	}
	return false
}

// suspicious says whether a node of the attempt is being questioned that has
// given no sign of life since a failure.
func (o *Observation) suspicious(since time.Time) bool {
	for _, s := range o.Record.Placement.Slots {
		if n := o.Nodes[s.Node]; n.Health == Suspect && !n.Proven.After(since) {
			return true
		}
	}
	return false
}

// recovery is the record of the restart that a verdict leads to.
func (o *Observation) recovery(ranks []rank, v *verdict) *Recovery {
	r := o.nextRecovery(v.fault.reason, v.fault.message)
	r.Counted = v.counted
	r.Replace = o.replacements(ranks, v)
	for _, i := range v.ranks {
		if ranks[i].fault.exclude {
			r.exclude(o.Record.Placement.Slots[i].Node, o.Now)
		}
	}
	return r
}

// nextRecovery is a record for the next attempt, held back for longer the more
// recoveries in a row did not get every rank running.
func (o *Observation) nextRecovery(reason, message string) *Recovery {
	r := &Recovery{
		Attempt: o.Record.Placement.Attempt + 1, Reason: reason, Message: message,
		Detected: o.Now, Streak: 1, Checkpoint: o.Record.Checkpoint,
	}
	if last := o.Record.Recovery; last != nil {
		if last.Running.IsZero() && o.Record.Ran < last.Attempt {
			r.Streak = last.Streak + 1
		}
		for _, e := range last.Excluded {
			if e.Until.After(o.Now) {
				r.Excluded = append(r.Excluded, e)
			}
		}
	}
	if wait := backoff(r.Streak); wait > 0 {
		r.NotBefore = o.Now.Add(wait)
	}
	return r
}

// backoff is none for the first recovery in a row, then 5 s, doubled up to 5 min.
func backoff(streak int32) time.Duration {
	if streak <= 1 {
		return 0
	}
	return min(5*time.Second<<min(streak-2, 10), 5*time.Minute)
}

func (r *Recovery) exclude(node string, now time.Time) {
	until := now.Add(exclusionTime)
	for i := range r.Excluded {
		if r.Excluded[i].Node == node {
			r.Excluded[i].Until = until
			return
		}
	}
	if len(r.Excluded) == maxExclusions {
		r.Excluded = r.Excluded[1:]
	}
	r.Excluded = append(r.Excluded, Exclusion{Node: node, Until: until})
}

// replacements are the ranks that need a new pod: those whose pod cannot be
// used again and, by strategy or rule, those that failed. Ranks that ended only
// because another's node died did not fail themselves. Nil: all.
func (o *Observation) replacements(ranks []rank, v *verdict) []int {
	if !o.keepsPods(v) {
		return nil
	}
	replaceFailed := o.Job.Failure.Strategy == ReplaceFailed || v.action == ReplacePod
	out := make([]int, 0, len(v.ranks))
	for i := range ranks {
		failed := ranks[i].state == rankFailed && (ranks[i].fault.infra || !v.fault.infra)
		if !ranks[i].usable() || (replaceFailed && failed) {
			out = append(out, i)
		}
	}
	if len(out) == len(ranks) {
		return nil
	}
	return out
}

// keepsPods says whether a restart for this verdict keeps the pods of ranks
// that are well.
func (o *Observation) keepsPods(v *verdict) bool {
	return o.Job.Launcher && (o.Job.Failure.Strategy != Recreate || v.action == ReplacePod)
}

// firstAnswer is how long a launcher that was never heard is given to answer.
const firstAnswer = 3 * time.Second

// unheard says whether a rank that seems well was not asked long enough ago to
// have answered: a controller that has just started knows none of them yet.
func (o *Observation) unheard(ranks []rank) bool {
	if !o.Job.Launcher {
		return false
	}
	for i := range ranks {
		p := ranks[i].pod
		if ranks[i].state == rankFailed || p == nil || p.Phase != Running || p.Launcher != nil {
			continue
		}
		if p.WatchedSince.IsZero() || o.Now.Sub(p.WatchedSince) < firstAnswer {
			return true
		}
	}
	return false
}

// answerTime is how long the other launchers are waited for after a failure.
const answerTime = 5 * time.Second

// unasked says whether a rank that seems well has not answered since a
// failure. Its own node may be what died: then the failure is but the echo.
func (o *Observation) unasked(ranks []rank, since time.Time) bool {
	if o.Now.Sub(since) >= answerTime {
		return false
	}
	for i := range ranks {
		p := ranks[i].pod
		if ranks[i].state != rankFailed && p != nil && p.Phase == Running && p.Launcher != nil &&
			!p.Launcher.Contact.After(since) && o.Nodes[p.Node].Health == Alive {
			return true
		}
	}
	return false
}
