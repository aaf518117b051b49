package trainingjob

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// The defaults that the schema sets when a policy is given, for jobs whose
// whole policy is left out.
const (
	defaultMaxRestarts = 3
	defaultAttribution = 60 * time.Second
	defaultStartup     = 30 * time.Minute
)

// lifecycleJob turns a job's spec into plain values.
func lifecycleJob(job *v1alpha1.TrainingJob, bind time.Duration) lifecycle.Job {
	out := lifecycle.Job{
		Sets:     lifecycleSets(job.Spec.ReplicaSpecs),
		Launcher: launched(job),
		Failure:  lifecycleFailure(job.Spec.FailurePolicy),
		Limits:   lifecycleLimits(job.Spec.RunPolicy),
	}
	out.Limits.Bind = bind
	if job.FirstReplicaDecides() {
		out.Success = lifecycle.SuccessFirst
	}
	if p := job.Spec.RunPolicy; p != nil {
		switch p.CleanPodPolicy {
		case v1alpha1.CleanPodNone:
			out.Clean = lifecycle.CleanNone
		case v1alpha1.CleanPodAll:
			out.Clean = lifecycle.CleanAll
		case v1alpha1.CleanPodRunning:
		}
	}
	return out
}

// launched says whether every rank has a launcher.
func launched(job *v1alpha1.TrainingJob) bool {
	for set := range job.Spec.ReplicaSpecs {
		if !render.UsesLauncher(job, set) {
			return false
		}
	}
	return true
}

func lifecycleSets(specs []v1alpha1.ReplicaSpec) []lifecycle.Set {
	sets := make([]lifecycle.Set, len(specs))
	for i := range specs {
		sets[i] = lifecycle.Set{Name: specs[i].Name, Replicas: int(max(specs[i].Replicas, 1)), After: i}
		dep := specs[i].DependsOn
		if dep == nil {
			continue
		}
		sets[i].AfterSuccess = dep.State == v1alpha1.DependencySucceeded
		sets[i].After = slices.IndexFunc(specs, func(o v1alpha1.ReplicaSpec) bool { return o.Name == dep.Name })
	}
	return sets
}

func lifecycleLimits(p *v1alpha1.RunPolicy) lifecycle.Limits {
	l := lifecycle.Limits{Startup: defaultStartup, TTL: -1}
	if p == nil {
		return l
	}
	l.Active = seconds(p.ActiveDeadlineSeconds)
	l.Queue = seconds(p.QueueTimeoutSeconds)
	if p.StartupDeadlineSeconds > 0 {
		l.Startup = seconds(int64(p.StartupDeadlineSeconds))
	}
	if p.TTLSecondsAfterFinished != nil {
		l.TTL = seconds(int64(*p.TTLSecondsAfterFinished))
	}
	return l
}

func lifecycleFailure(p *v1alpha1.FailurePolicy) lifecycle.FailurePolicy {
	f := lifecycle.FailurePolicy{MaxRestarts: defaultMaxRestarts, Attribution: defaultAttribution}
	if p == nil {
		return f
	}
	if p.MaxRestarts != nil {
		f.MaxRestarts = int(*p.MaxRestarts)
	}
	if p.AttributionWindowSeconds != nil {
		f.Attribution = seconds(int64(*p.AttributionWindowSeconds))
	}
	f.Window = seconds(p.RestartWindowSeconds)
	f.ForceUnreachable = p.Unreachable == v1alpha1.UnreachableForceReplace
	switch p.RestartStrategy {
	case v1alpha1.RestartInPlace:
		f.Strategy = lifecycle.InPlace
	case v1alpha1.RestartReplaceFailed:
		f.Strategy = lifecycle.ReplaceFailed
	case v1alpha1.RestartRecreate:
	}
	f.Rules = make([]lifecycle.Rule, len(p.Rules))
	for i := range p.Rules {
		f.Rules[i] = lifecycleRule(&p.Rules[i])
	}
	return f
}

var actions = map[v1alpha1.FailureAction]lifecycle.Action{
	v1alpha1.ActionFailJob:                        lifecycle.FailJob,
	v1alpha1.ActionRestartJob:                     lifecycle.Restart,
	v1alpha1.ActionRestartJobAndIgnoreMaxRestarts: lifecycle.RestartUncounted,
	v1alpha1.ActionReplacePod:                     lifecycle.ReplacePod,
}

func lifecycleRule(r *v1alpha1.FailureRule) lifecycle.Rule {
	rule := lifecycle.Rule{Name: r.Name, Action: actions[r.Action], Sets: r.Sets}
	if c := r.OnPodCondition; c != nil {
		rule.Condition = lifecycle.Condition{Type: c.Type, Status: c.Status}
		if rule.Condition.Status == "" {
			rule.Condition.Status = string(metav1.ConditionTrue)
		}
	}
	if e := r.OnExitCodes; e != nil {
		rule.ExitCodes = e.Values
		rule.NotIn = e.Operator == v1alpha1.ExitCodeNotIn
	}
	return rule
}

// recoveryFrom reads a recovery back from the status.
func recoveryFrom(r *v1alpha1.Recovery, layout ranks.Layout) *lifecycle.Recovery {
	if r == nil {
		return nil
	}
	out := &lifecycle.Recovery{
		Attempt: r.Attempt, Reason: r.Reason, Message: r.Message, Streak: r.Streak,
		Counted: valueOf(r.Counted), NotBefore: timeOf(r.NotBefore), Checkpoint: r.ResumedFrom,
		Detected: microTimeOf(r.Detected), Placed: microTimeOf(r.Placed),
		Running: microTimeOf(r.Running), FirstStep: microTimeOf(r.FirstStep),
	}
	for _, e := range r.Excluded {
		out.Excluded = append(out.Excluded, lifecycle.Exclusion{Node: e.Name, Until: timeOf(e.Until)})
	}
	out.Replace = []int{}
	for _, run := range r.Replace {
		for k := range run.Count {
			out.Replace = append(out.Replace, rankOf(layout, run.Set, valueOf(run.First)+k))
		}
	}
	return out
}

// rankOf is the flat rank of a set's replica; beyond the last if there is none.
func rankOf(layout ranks.Layout, set string, index int32) int {
	i, known := layout.Set(set)
	if !known || index < 0 || index >= layout.Replicas(i) {
		return int(layout.Total())
	}
	return int(layout.Rank(i, index))
}

// replaced are the ranks that a recovery gives a new pod.
func replaced(r *lifecycle.Recovery, layout ranks.Layout) []int {
	if r.Replace != nil {
		return r.Replace
	}
	all := make([]int, layout.Total())
	for i := range all {
		all[i] = i
	}
	return all
}

// rangesOf writes ascending ranks as runs.
func rangesOf(layout ranks.Layout, all []int) []v1alpha1.RankRange {
	var out []v1alpha1.RankRange
	for k, rank := range all {
		set, index := layout.At(int32(rank))
		if k > 0 && rank == all[k-1]+1 && index > 0 {
			out[len(out)-1].Count++
			continue
		}
		out = append(out, v1alpha1.RankRange{Set: layout.Name(set), First: &index, Count: 1})
	}
	return out
}

// recoveryTo writes a recovery for the status.
func recoveryTo(r *lifecycle.Recovery, layout ranks.Layout) *v1alpha1.Recovery {
	out := &v1alpha1.Recovery{
		Attempt: r.Attempt, Reason: r.Reason, Message: truncate(r.Message, 1024), Streak: r.Streak,
		Counted: &r.Counted, ResumedFrom: r.Checkpoint, Detected: microTime(r.Detected),
		Placed: microTime(r.Placed), Running: microTime(r.Running), FirstStep: microTime(r.FirstStep),
		Replace: rangesOf(layout, replaced(r, layout)),
	}
	if !r.NotBefore.IsZero() {
		out.NotBefore = &metav1.Time{Time: r.NotBefore}
	}
	for _, e := range r.Excluded {
		out.Excluded = append(out.Excluded, v1alpha1.ExcludedNode{Name: e.Node, Until: &metav1.Time{Time: e.Until}})
	}
	return out
}

func seconds[T int32 | int64](n T) time.Duration { return time.Duration(n) * time.Second }

func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func timeOf(t *metav1.Time) time.Time { return valueOf(t).Time }

func microTimeOf(t *metav1.MicroTime) time.Time { return valueOf(t).Time }

func microTime(t time.Time) *metav1.MicroTime {
	if t.IsZero() {
		return nil
	}
	return &metav1.MicroTime{Time: t}
}

func timesOf(times []metav1.Time) []time.Time {
	out := make([]time.Time, len(times))
	for i := range times {
		out[i] = times[i].Time
	}
	return out
}

func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-3] + "..."
}

// conditionSince is when a condition became True; zero if it is not.
func conditionSince(conditions []metav1.Condition, kind string) time.Time {
	for i := range conditions {
		if conditions[i].Type == kind && conditions[i].Status == metav1.ConditionTrue {
			return conditions[i].LastTransitionTime.Time
		}
	}
	return time.Time{}
}
