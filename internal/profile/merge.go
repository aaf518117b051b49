package profile

import (
	"fmt"
	"slices"

	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// Merge makes the report of all parts of one comparison, whatever their order.
func Merge(parts []*Part) (*report.Report, error) {
	if err := complete(parts); err != nil {
		return nil, err
	}
	var columns []PartColumn
	var first *Part
	for _, part := range parts {
		columns = append(columns, part.Columns...)
		if part.Shard == 1 {
			first = part
		}
	}
	slices.SortFunc(columns, func(a, b PartColumn) int { return a.Index - b.Index })
	if err := decide(columns, first.Native.options()); err != nil {
		return nil, err
	}
	r := first.Header
	r.Quality = append([]report.Finding{}, first.Quality...)
	r.Multivariate = first.Multivariate
	for i := range columns {
		r.Columns = append(r.Columns, columns[i].Column)
		r.Quality = append(r.Quality, columns[i].Quality...)
	}
	conclude(&r)
	return &r, nil
}

// complete says what is missing, twice or foreign.
func complete(parts []*Part) error {
	if len(parts) == 0 {
		return fmt.Errorf("no part to merge")
	}
	seen := map[int]bool{}
	for _, part := range parts {
		switch {
		case part.Of != parts[0].Of || part.Plan != parts[0].Plan:
			return fmt.Errorf("shard %d/%d is of another comparison than shard %d/%d: run both with the same inputs, schema and flags",
				part.Shard, part.Of, parts[0].Shard, parts[0].Of)
		case seen[part.Shard]:
			return fmt.Errorf("shard %d/%d is there twice: give each once", part.Shard, part.Of)
		case part.Shard < 1 || part.Shard > part.Of:
			return fmt.Errorf("shard %d/%d does not exist", part.Shard, part.Of)
		}
		seen[part.Shard] = true
	}
	for shard := 1; shard <= parts[0].Of; shard++ {
		if !seen[shard] {
			return fmt.Errorf("shard %d/%d is missing: run it alone with --shard %d/%d, and merge again", shard, parts[0].Of, shard, parts[0].Of)
		}
	}
	return nil
}

// decide gives the native rule's verdicts, jointly over the columns.
func decide(columns []PartColumn, options native.Options) error {
	verdicts, err := joint(columns, options, func(c *PartColumn) *Weighed { return c.Native })
	if err != nil {
		return err
	}
	past, err := joint(columns, options, func(c *PartColumn) *Weighed { return c.Anchor })
	if err != nil {
		return err
	}
	for i := range columns {
		c := &columns[i].Column
		if v, found := verdicts[i]; found {
			c.State, c.Reason, c.Drifted = columnState(v.State), string(v.Reason), v.State == native.Drifted
			c.Lower, c.Upper, c.Method = number(v.Lower), number(v.Upper+float64(columns[i].Native.Slack)), string(v.Measure)
			c.Message = explain(c)
		}
		if v, found := past[i]; found {
			a := c.Anchor
			a.State, a.Reason, a.Drifted = columnState(v.State), string(v.Reason), v.State == native.Drifted
			a.Lower, a.Upper = number(v.Lower), number(v.Upper+float64(columns[i].Anchor.Slack))
		}
		anchorDecides(c)
	}
	return nil
}

// joint judges the columns that have evidence of one kind, by their index.
func joint(columns []PartColumn, options native.Options, of func(*PartColumn) *Weighed) (map[int]native.Verdict, error) {
	var learned []native.Learned
	var evidence []native.Evidence
	var index []int
	for i := range columns {
		if w := of(&columns[i]); w != nil {
			l, e := w.learned(columns[i].Column.Name)
			learned, evidence, index = append(learned, l), append(evidence, e), append(index, i)
		}
	}
	if len(index) == 0 {
		return nil, nil
	}
	calibration, err := native.Join(learned, options)
	if err != nil {
		return nil, fmt.Errorf("native rule: %w", err)
	}
	_, verdicts, err := calibration.Decide(evidence)
	if err != nil {
		return nil, fmt.Errorf("native rule: %w", err)
	}
	out := map[int]native.Verdict{}
	for k, i := range index {
		out[i] = verdicts[k]
	}
	return out, nil
}

func columnState(s native.State) report.ColumnState {
	switch s {
	case native.Drifted:
		return report.ColumnDrifted
	case native.Stable:
		return report.ColumnStable
	}
	return report.ColumnUnknown
}

// anchorDecides makes a column that left the fixed past a drifted one, however
// close it stays to the reference that moves.
func anchorDecides(c *report.Column) {
	if c.Anchor == nil || !c.Anchor.Drifted || c.Drifted {
		return
	}
	c.State, c.Drifted, c.Reason = report.ColumnDrifted, true, reasonAnchor
	c.Message = "close to the reference, but not to the anchor: it drifts slowly"
}

// conclude gives the verdict on the whole.
func conclude(r *report.Report) {
	compared, drifted := 0, 0
	unknowns := 0
	for _, c := range r.Columns {
		switch {
		case c.Compared():
			compared++
		case c.State == report.ColumnUnknown:
			unknowns++
		}
		if c.Drifted {
			drifted++
		}
	}
	if compared > 0 {
		r.DriftShare = report.Number(float64(drifted) / float64(compared))
	}
	r.Drifted = drifted > 0
	if r.Compat == report.Evidently {
		r.Drifted = evidently.DatasetDrifted(drifted, compared)
	}
	if r.Multivariate != nil && r.Multivariate.Drifted {
		r.Drifted = true
	}
	switch {
	case len(r.Quality) > 0:
		// Whatever the columns say: what is unfit to be judged has not drifted.
		r.Verdict, r.Drifted = report.BadData, false
	case r.Drifted:
		r.Verdict = report.Drifted
	case unknowns > 0 && drifted == 0 || compared == 0:
		r.Verdict = report.Unknown
	default:
		r.Verdict = report.NotDrifted
	}
	r.Summary, r.Advice = sentences(r, compared, drifted, unknowns)
}
