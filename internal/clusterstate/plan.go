package clusterstate

import (
	"time"

	"github.com/trainyard/trainyard/pkg/placement"
)

// Plan is what is to be done, by the names of the cluster.
type Plan struct {
	// Decisions are in the order in which the gangs were asked, those that have
	// to leave before the one that they leave for.
	Decisions []Decision
	// Next is when time alone would change a decision; zero is never.
	Next time.Time
}

// Decision is what the plan says about one gang. See placement for the verbs
// and the reasons; Tracker.Explain puts it into a sentence.
type Decision struct {
	Gang   string
	Verb   placement.Verb
	Reason placement.Reason
	// For is another gang that the reason speaks of.
	For string
	// Assignments are new places, for Admit, Replace and Reserve. The attempt is
	// for the caller to set.
	Assignments []Assignment

	planned placement.Decision
}

// translate puts names to numbers.
func (t *Tracker) translate(plan placement.Plan) Plan {
	out := Plan{Decisions: make([]Decision, 0, len(plan.Decisions)), Next: plan.Next}
	for _, d := range plan.Decisions {
		g := t.gangs[d.Gang]
		named := Decision{Gang: d.Gang, Verb: d.Verb, Reason: d.Reason, For: d.For, planned: d}
		for _, run := range d.Runs {
			named.Assignments = append(named.Assignments, Assignment{
				Set: g.Sets[run.Set].Name, Node: t.nodes.byID[run.Node].name, First: run.First, Count: run.Count,
			})
		}
		out.Decisions = append(out.Decisions, named)
	}
	return out
}
