package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NodeReport is what correlation needs to know of one node of a fleet.
type NodeReport struct {
	Node string
	// Domains are what the node shares with others: its rack, its switch.
	Domains []string
	// Driver is the version in use, and DriverSince when it arrived.
	Driver      string
	DriverSince time.Time
	// Silent says that the node's agent has not been heard of for too long.
	Silent   bool
	Findings []FleetFinding
}

// FleetFinding is one finding as correlation sees it.
type FleetFinding struct {
	Rule     string
	Code     int
	Device   string
	Severity Severity
	Class    Class
	Since    time.Time
	// Owners are the workloads on the device when it began.
	Owners []string
	// Provokable says that a tenant can cause it; see Policy.Provokable.
	Provokable bool
}

// Cause says what several nodes have in common.
type Cause string

// The causes.
const (
	// CauseDomain is a rack, a switch, a power feed.
	CauseDomain Cause = "Domain"
	// CauseDriver is a driver version that arrived shortly before.
	CauseDriver Cause = "DriverRollout"
	// CauseJob is one workload that failed alike on several nodes.
	CauseJob Cause = "Job"
	// CauseControlPlane is the silence of many agents at once.
	CauseControlPlane Cause = "ControlPlane"
)

// Incident is one cause behind the findings of many nodes: one alert, and no
// mass quarantine.
type Incident struct {
	Cause Cause
	// Subject is the domain, the driver version or the workload; empty for the
	// control plane.
	Subject string
	Rule    string
	Code    int
	// Also are other rules that hold on the same subject.
	Also []string
	// Nodes are those affected, sorted, Of the number that share the subject.
	Nodes  []string
	Of     int
	Since  time.Time
	Reason string
}

// Correlation holds the thresholds of Correlate.
type Correlation struct {
	// MinNodes and Share are how many nodes of a domain, and which share of
	// them, must show the same finding.
	MinNodes int
	Share    float64
	// Window is how far apart the findings may begin.
	Window time.Duration
	// DriverWindow is how soon after a driver's arrival findings count as its.
	DriverWindow time.Duration
	// SilentShare is the share of silent nodes that suspects the control plane.
	SilentShare float64
}

// DefaultCorrelation holds thresholds that eight nodes of a rack can meet.
func DefaultCorrelation() Correlation {
	return Correlation{MinNodes: 3, Share: 0.5, Window: 15 * time.Minute, DriverWindow: 6 * time.Hour, SilentShare: 0.3}
}

// Correlate finds what many nodes have in common. It costs time linear in the
// findings and domains of all nodes, apart from sorting.
func Correlate(reports []NodeReport, c Correlation) []Incident {
	g := &grouping{groups: map[groupKey]*group{}, sizes: map[groupKey]int{}}
	for i := range reports {
		g.collect(&reports[i], c)
	}
	incidents := merge(g.incidents(c))
	if incident, ok := silence(reports, c); ok {
		incidents = append(incidents, incident)
	}
	slices.SortFunc(incidents, func(a, b Incident) int {
		return cmp.Or(cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Code, b.Code))
	})
	return incidents
}

type groupKey struct {
	cause   Cause
	subject string
	rule    string
	code    int
}

type member struct {
	node  string
	since time.Time
}

type group struct{ members []member }

type grouping struct {
	groups map[groupKey]*group
	// sizes counts the nodes of a subject; its key has no rule.
	sizes map[groupKey]int
}

func (g *grouping) collect(r *NodeReport, c Correlation) {
	for _, domain := range r.Domains {
		g.sizes[groupKey{cause: CauseDomain, subject: domain}]++
	}
	g.sizes[groupKey{cause: CauseDriver, subject: r.Driver}]++
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Class == ClassApplication || f.Provokable {
			g.byOwner(r, f)
		}
		if f.Severity != Degraded && f.Severity != Fatal || strings.HasPrefix(f.Rule, sharedPrefix) {
			continue // what a node's devices share, they show themselves
		}
		for _, domain := range r.Domains {
			g.add(groupKey{CauseDomain, domain, f.Rule, f.Code}, r.Node, f.Since)
		}
		if after := f.Since.Sub(r.DriverSince); r.Driver != "" && after >= 0 && after < c.DriverWindow {
			g.add(groupKey{CauseDriver, r.Driver, f.Rule, f.Code}, r.Node, f.Since)
		}
	}
}

// byOwner groups by workload what a workload can cause: the same code on nodes
// where it ran alone.
func (g *grouping) byOwner(r *NodeReport, f *FleetFinding) {
	if f.Code != 0 && len(f.Owners) == 1 {
		g.add(groupKey{CauseJob, f.Owners[0], f.Rule, f.Code}, r.Node, f.Since)
	}
}

// merge leaves one incident a cause: that of the rule which most nodes show. A
// domain all of whose nodes are among those of a rollout is the rollout's.
func merge(incidents []Incident) []Incident {
	slices.SortFunc(incidents, func(a, b Incident) int {
		return cmp.Or(-cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Subject, b.Subject), cmp.Compare(len(b.Nodes), len(a.Nodes)),
			a.Since.Compare(b.Since), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Code, b.Code))
	})
	var merged []Incident
	for _, in := range incidents {
		if n := len(merged); n > 0 && merged[n-1].Cause == in.Cause && merged[n-1].Subject == in.Subject {
			merged[n-1].take(&in)
			continue
		}
		merged = append(merged, in)
	}
	return slices.DeleteFunc(merged, func(in Incident) bool {
		return in.Cause == CauseDomain && slices.ContainsFunc(merged, func(by Incident) bool { return by.Cause == CauseDriver && by.covers(&in) })
	})
}

// take adds another incident of the same cause and subject.
func (in *Incident) take(other *Incident) {
	if other.Rule != in.Rule && !slices.Contains(in.Also, other.Rule) {
		in.Also = append(in.Also, other.Rule)
	}
	in.Nodes = append(in.Nodes, other.Nodes...)
	slices.Sort(in.Nodes)
	in.Nodes = slices.Compact(in.Nodes)
	if other.Since.Before(in.Since) {
		in.Since = other.Since
	}
}

// covers says that another incident is a part of this one.
func (in *Incident) covers(other *Incident) bool {
	return len(in.Nodes) > len(other.Nodes) && in.Rule == other.Rule && in.Code == other.Code &&
		!slices.ContainsFunc(other.Nodes, func(n string) bool { _, found := slices.BinarySearch(in.Nodes, n); return !found })
}

func (g *grouping) add(key groupKey, node string, since time.Time) {
	members := g.groups[key]
	if members == nil {
		members = &group{}
		g.groups[key] = members
	}
	if n := len(members.members); n > 0 && members.members[n-1].node == node {
		last := &members.members[n-1]
		if since.Before(last.since) {
			last.since = since
		}
		return
	}
	members.members = append(members.members, member{node, since})
}

func (g *grouping) incidents(c Correlation) []Incident {
	var incidents []Incident
	for key, members := range g.groups {
		of := g.sizes[groupKey{cause: key.cause, subject: key.subject}]
		together := members.densest(c.Window)
		if key.cause == CauseJob {
			of = len(together)
			if of < 2 {
				continue
			}
		} else if len(together) < c.MinNodes || float64(len(together)) < c.Share*float64(of) {
			continue
		}
		incidents = append(incidents, newIncident(key, together, of))
	}
	return incidents
}

// densest is the largest set of members that began within one window.
func (g *group) densest(window time.Duration) []member {
	slices.SortFunc(g.members, func(a, b member) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.node, b.node)) })
	from, best := 0, g.members[:0]
	for to := range g.members {
		for g.members[to].since.Sub(g.members[from].since) > window {
			from++
		}
		if to+1-from > len(best) {
			best = g.members[from : to+1]
		}
	}
	return best
}

func newIncident(key groupKey, members []member, of int) Incident {
	in := Incident{Cause: key.cause, Subject: key.subject, Rule: key.rule, Code: key.code, Of: of, Since: members[0].since}
	for _, m := range members {
		in.Nodes = append(in.Nodes, m.node)
	}
	slices.Sort(in.Nodes)
	switch key.cause {
	case CauseJob:
		in.Reason = fmt.Sprintf("%s failed with %s on %d nodes: suspect the job, not the nodes", key.subject, key.what(), len(members))
	case CauseDriver:
		in.Reason = fmt.Sprintf("%d of %d nodes show %s after driver %s arrived: suspect the rollout", len(members), of, key.what(), key.subject)
	case CauseDomain:
		in.Reason = fmt.Sprintf("%d of %d nodes of %s show %s: look at what they share", len(members), of, key.subject, key.what())
	}
	return in
}

func (k groupKey) what() string {
	if k.code != 0 {
		return fmt.Sprintf("%s (%d)", k.rule, k.code)
	}
	return k.rule
}

// silence suspects the control plane when too many agents are silent at once.
func silence(reports []NodeReport, c Correlation) (Incident, bool) {
	in := Incident{Cause: CauseControlPlane, Of: len(reports)}
	for i := range reports {
		if reports[i].Silent {
			in.Nodes = append(in.Nodes, reports[i].Node)
		}
	}
	if len(in.Nodes) < c.MinNodes || float64(len(in.Nodes)) < c.SilentShare*float64(len(reports)) {
		return Incident{}, false
	}
	slices.Sort(in.Nodes)
	in.Reason = fmt.Sprintf("%d of %d agents are silent: suspect the control plane or the network, and move nothing", len(in.Nodes), in.Of)
	return in, true
}
