package hardware

import (
	"fmt"
	"slices"
)

// minShared is how many devices of a node must show the same condition, and be
// at least half of them, before the node itself is suspected.
const minShared = 3

// sharedPrefix begins the names of findings about what devices have in common.
const sharedPrefix = "shared-"

// shared adds a finding about the node for a condition that at least half of its
// devices show: their common air, power or driver is to blame, and an operator
// should look there before at eight single GPUs.
func (c *Classifier) shared(node *deviceState, a *Assessment) {
	for i := range c.policy.device {
		rule := c.policy.device[i].rule
		if rule.Mode == Observe || rule.Outcome.Severity == Healthy {
			continue
		}
		if f, ok := c.sharedFinding(rule, a); ok {
			node.findings = append(node.findings, f)
		}
	}
	slices.SortFunc(node.findings, byWeight)
}

func (c *Classifier) sharedFinding(rule *Rule, a *Assessment) (Finding, bool) {
	n, f := 0, Finding{Rule: sharedPrefix + rule.Name, BootID: a.BootID}
	for i := range a.Devices {
		for j := range a.Devices[i].Findings {
			g := &a.Devices[i].Findings[j]
			if g.Rule != rule.Name {
				continue
			}
			n++
			if f.Since.IsZero() || g.Since.Before(f.Since) {
				f.Since = g.Since
			}
			if g.Seen.After(f.Seen) {
				f.Seen = g.Seen
			}
		}
	}
	if n < minShared || 2*n < len(a.Devices) {
		return Finding{}, false
	}
	f.Count = n
	f.Outcome = Outcome{rule.Outcome.Severity, ClassDomain, ActionInspectDomain, "look at what they share (air, power, driver) before at single devices"}
	f.Reason = fmt.Sprintf("%d of %d devices show %s: %s", n, len(a.Devices), rule.Name, f.Outcome.Advice)
	return f, true
}
