package scheduling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/clusterstate"
	"github.com/trainyard/trainyard/pkg/placement"
)

const (
	// settleTime is the least time between two plans: of many events one after
	// the other, the first is planned for at once and the others together.
	settleTime = 20 * time.Millisecond
	// retryTime is how soon a plan that failed is made again.
	retryTime = 5 * time.Second
	// A job that goes on waiting for the same reason is told the figures anew
	// after restateFirst, and from then on each time after twice as long, up to
	// restateLast. Jobs that wait are told of changes no more often than
	// restatesPerSecond in all, those at the head of the queue first: thousands
	// that wait must not keep the API server from those that run.
	restateFirst      = 10 * time.Second
	restateLast       = 5 * time.Minute
	restatesPerSecond = 5
)

// loop plans whenever something changed. It runs on the leader alone.
type loop struct {
	*Scheduler
	cache cache.Cache
}

// Start implements manager.Runnable.
func (l *loop) Start(ctx context.Context) error {
	if err := l.feed(ctx, l.cache); err != nil {
		return err
	}
	if err := l.Prime(ctx); err != nil {
		return err
	}
	timer := l.clock.NewTimer(retryTime)
	defer timer.Stop()
	var planned time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.dirty:
		case <-timer.C():
		}
		if !l.pause(ctx, settleTime-l.clock.Now().Sub(planned)) {
			return nil
		}
		wait := l.Plan(ctx)
		planned = l.clock.Now()
		timer.Reset(wait)
	}
}

// pause waits; false: the context has ended.
func (l *loop) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := l.clock.NewTimer(min(d, settleTime))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// Prime tells the tracker of every job that has a place before anything is
// planned, so that no place is given away twice after a restart. It is called
// once, when the tracker knows all nodes and pods; until then Reconcile waits.
func (s *Scheduler) Prime(ctx context.Context) error {
	var jobs v1alpha1.TrainingJobList
	if err := s.client.List(ctx, &jobs); err != nil {
		return fmt.Errorf("listing TrainingJobs: %w", err)
	}
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if !job.Managed() || !job.Status.Placed() || job.Status.Finished() {
			continue
		}
		if err := s.prime(ctx, job); err != nil {
			// The others go on: the job's pods, which are known, still count.
			log.FromContext(ctx).Error(err, "the job's place is not reserved", "job", client.ObjectKeyFromObject(job))
		}
	}
	close(s.primed)
	s.replan()
	return nil
}

// prime tells the tracker of one job that has a place.
func (s *Scheduler) prime(ctx context.Context, job *v1alpha1.TrainingJob) error {
	g, err := s.placedGang(ctx, job)
	if err != nil {
		return err
	}
	g.Assignments = assignmentsOf(job)
	g.Leaving = job.Status.Eviction != nil
	return s.ask(job, g)
}

// Plan makes one plan, and says when to make the next if nothing changes. The
// loop calls it; it may be called by hand where there is no loop.
func (s *Scheduler) Plan(ctx context.Context) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := s.clock.Now()
	plan, err := s.tracker.Decide(start)
	if err != nil {
		log.FromContext(ctx).Error(err, "planning failed; it is tried again")
		return retryTime
	}
	for i := range plan.Decisions {
		s.take(ctx, &plan.Decisions[i])
	}
	planSeconds.Observe(s.clock.Now().Sub(start).Seconds())
	s.count()
	if plan.Next.IsZero() {
		return time.Minute
	}
	return max(plan.Next.Sub(s.clock.Now()), settleTime)
}

// outcome is what was planned for a job.
type outcome struct {
	verb        placement.Verb
	assignments []clusterstate.Assignment
	beneficiary string
	reason      placement.Reason
	message     string
}

// take keeps what was planned for a job until it is written, and takes the
// place in the tracker at once. The lock is held.
func (s *Scheduler) take(ctx context.Context, d *clusterstate.Decision) {
	key := keyOf(d.Gang)
	g := s.gangs[key]
	if g == nil {
		return
	}
	if g.outcome != nil && acts(g.outcome.verb) {
		s.enqueue(key)
		return
	}
	o := &outcome{verb: d.Verb, assignments: d.Assignments, beneficiary: d.For, reason: d.Reason}
	if !acts(d.Verb) {
		if g.outcome != nil && g.outcome.same(o) || s.knows(g, o) {
			return
		}
		o.message = s.tracker.Explain(d)
		if s.enqueue(key) {
			g.outcome = o
		}
		return
	}
	o.message = s.tracker.Explain(d)
	g.outcome = o
	assumed := g.assume(o, s.clock.Now())
	assumed.ResourceVersion = s.revision()
	if err := s.tracker.UpsertGang(assumed); err != nil {
		log.FromContext(ctx).Error(err, "what was planned cannot be held", "job", key)
	}
	s.enqueue(key)
}

// acts says whether a verb changes who holds what.
func acts(v placement.Verb) bool {
	switch v {
	case placement.Admit, placement.Replace, placement.Preempt, placement.Release:
		return true
	default:
		return false
	}
}

// knows says whether a job that waits knows why, and recently enough.
func (s *Scheduler) knows(g *gang, o *outcome) bool {
	if g.saidAt.IsZero() || g.said.verb != o.verb {
		return false
	}
	now := s.clock.Now()
	recent := g.said.same(o) && now.Sub(g.saidAt) < g.restate
	return recent || !s.restates.AllowN(now, 1)
}

// same says whether two jobs wait for one reason; the figures may differ.
func (o *outcome) same(other *outcome) bool {
	return o.verb == other.verb && o.reason == other.reason && o.beneficiary == other.beneficiary
}

// say takes note of what the status now says of the job's waiting.
func (g *gang) say(o *outcome, now time.Time) {
	if !g.saidAt.IsZero() && g.said.same(o) {
		g.restate = min(2*g.restate, restateLast)
	} else {
		g.restate = restateFirst
	}
	g.said, g.saidAt = *o, now
}

// assume is the gang as it will be once the outcome is written.
func (g *gang) assume(o *outcome, now time.Time) clusterstate.Gang {
	ask := g.ask
	if ask.EndsBy.IsZero() && ask.Takes > 0 {
		ask.EndsBy = now.Add(ask.Takes)
	}
	switch o.verb {
	case placement.Admit:
		ask.Assignments = withAttempt(o.assignments, g.base+1)
	case placement.Replace:
		ask.Assignments = append(append([]clusterstate.Assignment{}, g.ask.Assignments...), withAttempt(o.assignments, g.base+1)...)
	case placement.Preempt, placement.Release:
		ask.Leaving, ask.YieldsTo = true, o.beneficiary
	default:
	}
	return ask
}

func withAttempt(in []clusterstate.Assignment, attempt int32) []clusterstate.Assignment {
	out := append([]clusterstate.Assignment{}, in...)
	for i := range out {
		out[i].Attempt = attempt
	}
	return out
}

// keyOf is the job of a gang.
func keyOf(id string) types.NamespacedName {
	namespace, name, _ := strings.Cut(id, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}
