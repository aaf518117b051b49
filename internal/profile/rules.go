package profile

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// Acted is what rules did to a view's rows.
type Acted struct {
	Actions []report.Action
	// Quarantined rows were taken out, of Rows.
	Quarantined, Rows int
}

// Apply lets the schema's rules act on a view: bad values are repaired whenever
// their column is read, and rows in quarantine are left out. The same rows and
// rules give the same result, in every shard and every run.
func (v *View) Apply(ctx context.Context, s *schema.Schema) (*View, Acted, error) {
	acted := Acted{Rows: v.Rows()}
	bad := make([]bool, v.Rows())
	repairs := map[string]func(*table.Column){}
	for _, said := range s.Columns {
		if len(said.Rules) == 0 {
			continue
		}
		if _, stored := v.Schema().Lookup(said.Name); !stored {
			continue // a missing column is quality's to report
		}
		column, err := v.Column(ctx, said.Name)
		if err != nil {
			return nil, acted, err
		}
		prepared, err := prepare(&column, said)
		if err != nil {
			return nil, acted, err
		}
		acted.count(&column, said, prepared, bad)
		repairs[said.Name] = func(c *table.Column) { repair(c, prepared) }
	}
	for _, b := range bad {
		if b {
			acted.Quarantined++
		}
	}
	if len(repairs) == 0 {
		return v, acted, nil
	}
	out := v.without(bad)
	out.repairs = repairs
	return out, acted, nil
}

// prepared is a rule with its replacement found.
type prepared struct {
	schema.Rule
	low, high float64
	known     map[string]bool
	number    float64
	text      string
}

func prepare(c *table.Column, said schema.Column) ([]prepared, error) {
	var out []prepared
	for i, rule := range said.Rules {
		p := prepared{Rule: rule, low: math.Inf(-1), high: math.Inf(1)}
		if said.Expect.Min != nil {
			p.low = *said.Expect.Min
		}
		if said.Expect.Max != nil {
			p.high = *said.Expect.Max
		}
		if len(said.Expect.Values) > 0 {
			p.known = map[string]bool{}
			for _, value := range said.Expect.Values {
				p.known[value] = true
			}
		}
		if err := p.find(c); err != nil {
			return nil, fmt.Errorf("column %q: rules[%d]: %w", said.Name, i, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// find fixes what a repair puts in place.
func (p *prepared) find(c *table.Column) error {
	isText := c.Type == table.String
	switch {
	case isText && (p.When == schema.OutOfRange || p.When == schema.Infinite):
		return fmt.Errorf("%s is for numbers, and the column holds text", p.When)
	case !isText && p.When == schema.UnknownCategory:
		return fmt.Errorf("%s is for text, and the column holds %s values", p.When, c.Type)
	case p.Action != schema.Repair || p.With == schema.Nearest:
		return nil
	case p.Value != nil && p.Value.IsText != isText:
		return fmt.Errorf("the value is of another type than the column, which holds %s values", c.Type)
	case p.Value != nil:
		p.number, p.text = p.Value.Number, p.Value.Text
		return nil
	case isText && p.With == schema.Median:
		return fmt.Errorf("text has no median: take Mode, or a value")
	case isText:
		return p.mode(c)
	}
	return p.middle(c)
}

// middle is the median of the usable numbers, or their mode.
func (p *prepared) middle(c *table.Column) error {
	var usable []float64
	for _, n := range c.Numbers {
		if n-n == 0 && n >= p.low && n <= p.high {
			usable = append(usable, n)
		}
	}
	if len(usable) == 0 {
		return fmt.Errorf("no usable value to take the %s of: give a value", p.With)
	}
	sorted := stat.Sort(usable)
	if p.number = sorted.Quantile(0.5); p.With == schema.Median {
		return nil
	}
	most := 0
	for i := 0; i < len(sorted); {
		j := sorted.UpTo(sorted[i])
		if j-i > most {
			most, p.number = j-i, sorted[i]
		}
		i = j
	}
	return nil
}

func (p *prepared) mode(c *table.Column) error {
	counts := map[string]int{}
	for _, code := range c.Codes {
		if code != table.Absent && (p.known == nil || p.known[c.Labels[code]]) {
			counts[c.Labels[code]]++
		}
	}
	most := 0
	for label, count := range counts {
		if count > most || count == most && label < p.text {
			most, p.text = count, label
		}
	}
	if most == 0 {
		return fmt.Errorf("no usable value to take the Mode of: give a value")
	}
	return nil
}

// applyNumber applies the rules to a number: what becomes of it, and which of them
// acted. One that takes the row out is the last.
func applyNumber(rules []prepared, v float64) (repaired float64, hits []int) {
	for i, r := range rules {
		matches := false
		switch r.When {
		case schema.Missing:
			matches = math.IsNaN(v)
		case schema.Infinite:
			matches = math.IsInf(v, 0)
		case schema.OutOfRange:
			matches = v < r.low || v > r.high
		}
		if !matches {
			continue
		}
		hits = append(hits, i)
		switch {
		case r.Action == schema.QuarantineRows:
			return v, hits
		case r.With == schema.Nearest:
			v = math.Min(math.Max(v, r.low), r.high)
		default:
			v = r.number
		}
	}
	return v, hits
}

// applyText is applyNumber for text, which may be absent.
func applyText(rules []prepared, label string, present bool) (repaired string, there bool, hits []int) {
	for i, r := range rules {
		matches := r.When == schema.Missing && !present || r.When == schema.UnknownCategory && present && !r.known[label]
		if !matches {
			continue
		}
		hits = append(hits, i)
		if r.Action == schema.QuarantineRows {
			return label, present, hits
		}
		label, present = r.text, true
	}
	return label, present, hits
}

// count counts what each rule does, once a row, and marks the rows to take out.
func (a *Acted) count(c *table.Column, said schema.Column, rules []prepared, bad []bool) {
	counts := make([]int, len(rules))
	for row := range bad {
		if bad[row] {
			continue
		}
		var hits []int
		if c.Type == table.String {
			code := c.Codes[row]
			name := ""
			if code != table.Absent {
				name = c.Labels[code]
			}
			_, _, hits = applyText(rules, name, code != table.Absent)
		} else {
			_, hits = applyNumber(rules, c.Numbers[row])
		}
		for _, i := range hits {
			counts[i]++
			bad[row] = bad[row] || rules[i].Action == schema.QuarantineRows
		}
	}
	for i, r := range rules {
		a.Actions = append(a.Actions, report.Action{Rule: string(r.When), Column: said.Name, Do: string(r.Action), Rows: counts[i]})
	}
}

// repair rewrites a column as it was stored.
func repair(c *table.Column, rules []prepared) {
	if c.Type != table.String {
		numbers := slices.Clone(c.Numbers)
		for i, v := range numbers {
			numbers[i], _ = applyNumber(rules, v)
		}
		c.Numbers, c.TypeErrors = numbers, 0
		c.Missing = missing(c)
		return
	}
	index := map[string]int32{}
	labels := slices.Clone(c.Labels)
	for i, label := range labels {
		index[label] = int32(i)
	}
	become := func(label string, present bool) int32 {
		repaired, there, _ := applyText(rules, label, present)
		if !there {
			return table.Absent
		}
		code, known := index[repaired]
		if !known {
			code = int32(len(labels))
			index[repaired] = code
			labels = append(labels, repaired)
		}
		return code
	}
	absent := become("", false)
	to := make([]int32, len(c.Labels))
	for i, label := range c.Labels {
		to[i] = become(label, true)
	}
	codes := slices.Clone(c.Codes)
	for i, code := range codes {
		if codes[i] = absent; code != table.Absent {
			codes[i] = to[code]
		}
	}
	c.Codes, c.Labels, c.TypeErrors = codes, labels, 0
	c.Missing = missing(c)
}
