package progress

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Bounds of log rules.
const (
	MaxRules         = 16
	MaxPatternLength = 1024
)

// Rule reads progress from lines that a program prints anyway.
type Rule struct {
	// Name is a ready rule's, if Pattern is empty, or the user's own.
	Name string `json:"name"`
	// Pattern is RE2 with named groups: step, total, epoch, computeSeconds,
	// dataSeconds; any other name is a metric's.
	Pattern string `json:"pattern,omitempty"`
}

// pattern is one compiled expression.
type pattern struct {
	expr *regexp.Regexp
	// literal is in every line that matches; empty if there is none.
	literal []byte
	// pairs, if set, finds names and values all over a line that matches.
	pairs *regexp.Regexp
	// counts tells what the step counts.
	counts counting
	// skip holds names among the pairs that are no metrics.
	skip map[string]bool
}

// counting is what a pattern's step counts.
type counting int

const (
	overall    counting = iota // steps of the whole run
	inEpoch                    // steps of this epoch; epochs begin with 0
	inEpochOne                 // steps of this epoch; epochs begin with 1
)

// compiled is one rule: of its patterns, the first that matches counts.
type compiled []pattern

// compile checks and compiles the rules, each error naming rule and cure.
func compile(rules []Rule) ([]compiled, error) {
	if len(rules) > MaxRules {
		return nil, fmt.Errorf("logRules: %d rules, at most %d are allowed", len(rules), MaxRules)
	}
	out := make([]compiled, 0, len(rules))
	for i, r := range rules {
		c, err := r.compile()
		if err != nil {
			return nil, fmt.Errorf("logRules[%d]: %w", i, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func (r Rule) compile() (compiled, error) {
	if r.Pattern == "" {
		return readyRule(r.Name)
	}
	if len(r.Pattern) > MaxPatternLength {
		return nil, fmt.Errorf("pattern of %d bytes is longer than %d", len(r.Pattern), MaxPatternLength)
	}
	p, err := newPattern(r.Pattern)
	if err == nil {
		err = checkGroups(p.expr.SubexpNames())
	}
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", r.Pattern, err)
	}
	return compiled{p}, nil
}

func checkGroups(names []string) error {
	named := false
	for _, name := range names {
		named = named || name != ""
		if name != "" && !validName([]byte(name)) {
			return fmt.Errorf("group %q must begin with a letter and have at most %d letters, digits and underscores", name, MaxNameLength)
		}
	}
	if !named {
		return errors.New("has no named group; write the step as (?P<step>[0-9]+)")
	}
	return nil
}

func newPattern(text string) (pattern, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return pattern{}, fmt.Errorf("not RE2: %w", err)
	}
	expr, err := regexp.Compile(text)
	if err != nil {
		return pattern{}, fmt.Errorf("not RE2: %w", err)
	}
	return pattern{expr: expr, literal: []byte(literal(tree.Simplify()))}, nil
}

// literal is the longest text that every match contains.
func literal(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literal(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literal(re.Sub[0])
		}
	case syntax.OpConcat:
		best := ""
		for _, sub := range re.Sub {
			if l := literal(sub); len(l) > len(best) {
				best = l
			}
		}
		return best
	}
	return ""
}
