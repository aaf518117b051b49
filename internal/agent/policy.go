package agent

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// PolicyFor lays a HardwarePolicy over the built-in rules and says what is wrong
// with it.
func PolicyFor(p *v1alpha1.HardwarePolicy) (hardware.Policy, error) {
	over := policyOf(p)
	if err := hardware.Validate(over); err != nil {
		return hardware.Policy{}, fmt.Errorf("HardwarePolicy %s: %w", p.Name, err)
	}
	merged := hardware.Merge(hardware.Defaults(), over)
	if err := hardware.Validate(merged); err != nil {
		return hardware.Policy{}, fmt.Errorf("HardwarePolicy %s over the built-in rules: %w", p.Name, err)
	}
	return merged, nil
}

func policyOf(p *v1alpha1.HardwarePolicy) hardware.Policy {
	out := hardware.Policy{
		Name: p.Name, BurstWindow: seconds(p.Spec.BurstWindowSeconds), UnknownAfter: seconds(p.Spec.UnknownAfterSeconds),
	}
	for i := range p.Spec.Rules {
		out.Rules = append(out.Rules, ruleOf(&p.Spec.Rules[i]))
	}
	for _, e := range p.Spec.Escalations {
		out.Escalations = append(out.Escalations, hardware.Escalation{
			Name: e.Name, Count: int(e.Count), Boots: int(e.Boots), Window: seconds(e.WindowSeconds),
			SameCode: e.Match == v1alpha1.EscalateSame, Action: hardware.Action(e.Action), Advice: e.Advice,
		})
	}
	for _, a := range p.Spec.RecoveryActions {
		out.RecoveryActions = append(out.RecoveryActions, hardware.RecoveryAction{Value: int(a.Value), Name: a.Name, Outcome: outcomeOf(a.Outcome)})
	}
	return out
}

// defaultClearAfter is what a rule without clearAfterSeconds means, as the
// schema's default says; a file read by hand has not passed the schema.
const defaultClearAfter = 300

func ruleOf(r *v1alpha1.HardwareRule) hardware.Rule {
	clearAfter := int32(defaultClearAfter)
	if r.ClearAfterSeconds != nil {
		clearAfter = *r.ClearAfterSeconds
	}
	out := hardware.Rule{
		Name: r.Name, Kind: hardware.EventKind(r.Kind), Hint: hardware.Hint(r.Hint), When: r.When,
		For: seconds(r.ForSeconds), Within: seconds(r.WithinSeconds), Count: int(r.Count), Owners: int(r.Owners), Window: seconds(r.WindowSeconds),
		Outcome: outcomeOf(r.Outcome), Next: hardware.Action(r.Next), ClearOn: hardware.ClearOn(cmp.Or(r.ClearOn, v1alpha1.ClearQuiet)),
		ClearAfter: seconds(clearAfter), Mode: hardware.Mode(r.Mode),
	}
	for _, code := range r.Codes {
		out.Codes = append(out.Codes, int(code))
	}
	if r.Below != nil {
		below := outcomeOf(r.Below)
		out.Below = &below
	}
	return out
}

func outcomeOf(o *v1alpha1.HardwareOutcome) hardware.Outcome {
	if o == nil {
		return hardware.Outcome{}
	}
	return hardware.Outcome{
		Severity: hardware.Severity(o.Severity), Class: hardware.Class(o.Class), Action: hardware.Action(o.Action), Advice: o.Advice,
	}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// ChoosePolicy picks the policy for a node: of those that select its labels the
// one of the highest priority, then the first by name. Nil is none.
func ChoosePolicy(policies []v1alpha1.HardwarePolicy, nodeLabels map[string]string) (*v1alpha1.HardwarePolicy, error) {
	var chosen []*v1alpha1.HardwarePolicy
	for i := range policies {
		selector := labels.Everything()
		if policies[i].Spec.NodeSelector != nil {
			var err error
			if selector, err = metav1.LabelSelectorAsSelector(policies[i].Spec.NodeSelector); err != nil {
				return nil, fmt.Errorf("HardwarePolicy %s: nodeSelector: %w", policies[i].Name, err)
			}
		}
		if selector.Matches(labels.Set(nodeLabels)) {
			chosen = append(chosen, &policies[i])
		}
	}
	if len(chosen) == 0 {
		return nil, nil
	}
	return slices.MinFunc(chosen, func(a, b *v1alpha1.HardwarePolicy) int {
		return cmp.Or(cmp.Compare(priorityOf(b), priorityOf(a)), cmp.Compare(a.Name, b.Name))
	}), nil
}

func priorityOf(p *v1alpha1.HardwarePolicy) int32 {
	if p.Spec.Priority == nil {
		return 0
	}
	return *p.Spec.Priority
}
