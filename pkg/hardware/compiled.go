package hardware

import "fmt"

// compiled is a policy made ready: expressions parsed, codes indexed.
type compiled struct {
	policy Policy
	// device and node are the rules about conditions, by scope.
	device, node []compiledCondition
	// events finds the rule for a code; code 0 is the rule for all others.
	events  map[eventClaim]*Rule
	actions map[int]RecoveryAction
}

type compiledCondition struct {
	rule *Rule
	when *Expression
}

type eventClaim struct {
	kind EventKind
	code int
	hint Hint
}

func compile(p Policy) (*compiled, error) {
	if err := Validate(p); err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.Name, err)
	}
	c := &compiled{policy: p, events: map[eventClaim]*Rule{}, actions: map[int]RecoveryAction{}}
	for i := range p.Rules {
		if err := c.add(&p.Rules[i]); err != nil {
			return nil, err
		}
	}
	for _, action := range p.RecoveryActions {
		c.actions[action.Value] = action
	}
	return c, nil
}

func (c *compiled) add(rule *Rule) error {
	if rule.Event() {
		codes := rule.Codes
		if len(codes) == 0 {
			codes = []int{0}
		}
		for _, code := range codes {
			c.events[eventClaim{rule.Kind, code, rule.Hint}] = rule
		}
		return nil
	}
	when, err := ParseExpression(rule.When)
	if err != nil {
		return fmt.Errorf("rule %s: when: %w", rule.Name, err)
	}
	cond := compiledCondition{rule, when}
	if when.Scope() == ScopeDevice {
		c.device = append(c.device, cond)
	} else {
		c.node = append(c.node, cond)
	}
	return nil
}

// ruleFor finds the rule about an event: first one for its code and hint, then
// for its code, then for its hint, then for all that is left.
func (c *compiled) ruleFor(e *Event) *Rule {
	for _, claim := range [...]eventClaim{
		{e.Kind, e.Code, e.Hint}, {e.Kind, e.Code, HintNone}, {e.Kind, 0, e.Hint}, {e.Kind, 0, HintNone},
	} {
		if rule := c.events[claim]; rule != nil {
			return rule
		}
	}
	return nil
}
