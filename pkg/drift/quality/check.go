package quality

import (
	"fmt"
	"time"
)

// Kind names a check.
type Kind string

// The checks.
const (
	MissingColumn    Kind = "MissingColumn"
	UnexpectedColumn Kind = "UnexpectedColumn"
	TypeChanged      Kind = "TypeChanged"
	MissingValues    Kind = "MissingValues"
	TypeErrors       Kind = "TypeErrors"
	OutOfRange       Kind = "OutOfRange"
	UnseenCategories Kind = "UnseenCategories"
	UnitChanged      Kind = "UnitChanged"
	RowCount         Kind = "RowCount"
	Duplicates       Kind = "Duplicates"
	Stale            Kind = "Stale"
)

// Finding is an expectation that was not met. Value and Limit are in the check's
// own unit: a share, a number of rows, seconds, a factor.
type Finding struct {
	Kind         Kind
	Column       string
	Value, Limit float64
	Message      string
}

// Check lists what a window fails, in the order of the expectations. An empty
// list is a pass.
func Check(expected Table, seen Observation, now time.Time) []Finding {
	findings := expected.rows(seen, now)
	columns := map[string]Seen{}
	for _, c := range seen.Columns {
		columns[c.Name] = c
	}
	for _, c := range expected.Columns {
		observed, present := columns[c.Name]
		delete(columns, c.Name)
		switch {
		case present:
			findings = append(findings, c.check(observed, seen.Rows)...)
		case !c.Optional:
			findings = append(findings, Finding{Kind: MissingColumn, Column: c.Name,
				Message: fmt.Sprintf("column %q is gone: was it renamed?", c.Name)})
		}
	}
	if expected.Closed {
		for _, c := range seen.Columns {
			if _, extra := columns[c.Name]; extra {
				findings = append(findings, Finding{Kind: UnexpectedColumn, Column: c.Name,
					Message: fmt.Sprintf("column %q is not in the schema: add it, or leave it out", c.Name)})
			}
		}
	}
	return findings
}

func (t Table) rows(seen Observation, now time.Time) []Finding {
	var findings []Finding
	if t.MinRows > 0 && seen.Rows < t.MinRows {
		findings = append(findings, Finding{Kind: RowCount, Value: float64(seen.Rows), Limit: float64(t.MinRows),
			Message: fmt.Sprintf("%d rows, at least %d are expected: is a part missing?", seen.Rows, t.MinRows)})
	}
	if t.MaxRows > 0 && seen.Rows > t.MaxRows {
		findings = append(findings, Finding{Kind: RowCount, Value: float64(seen.Rows), Limit: float64(t.MaxRows),
			Message: fmt.Sprintf("%d rows, at most %d are expected: was a part written twice?", seen.Rows, t.MaxRows)})
	}
	if share := part(seen.Duplicates, seen.Rows); t.MaxDuplicates >= 0 && share > t.MaxDuplicates {
		findings = append(findings, Finding{Kind: Duplicates, Value: share, Limit: t.MaxDuplicates,
			Message: fmt.Sprintf("%s of the rows repeat another, %s may", percent(share), percent(t.MaxDuplicates))})
	}
	if age := now.Sub(seen.Newest); t.MaxAge > 0 && !seen.Newest.IsZero() && age > t.MaxAge {
		findings = append(findings, Finding{Kind: Stale, Value: age.Seconds(), Limit: t.MaxAge.Seconds(),
			Message: fmt.Sprintf("the newest row is %s old, %s is the most: has the source stopped?", age.Round(time.Second), t.MaxAge)})
	}
	return findings
}

func (c Column) check(seen Seen, rows int) []Finding {
	var findings []Finding
	if c.Type != "" && seen.Type != c.Type {
		findings = append(findings, Finding{Kind: TypeChanged, Column: c.Name,
			Message: fmt.Sprintf("column %q is stored as %s, it was %s", c.Name, seen.Type, c.Type)})
	}
	present := rows - seen.Missing
	for _, share := range []struct {
		kind        Kind
		count, of   int
		limit       float64
		description string
	}{
		{MissingValues, seen.Missing, rows, c.MaxMissing, "of the values are missing"},
		{TypeErrors, seen.TypeErrors, present, c.MaxTypeErrors, "of the values cannot be read as the column's type"},
		{OutOfRange, seen.OutOfRange, present, c.MaxOutOfRange, "of the values are outside the column's range"},
		{UnseenCategories, seen.Unseen, present, c.MaxUnseen, "of the values are categories that the reference does not have"},
	} {
		if value := part(share.count, share.of); value > share.limit {
			findings = append(findings, Finding{Kind: share.kind, Column: c.Name, Value: value, Limit: share.limit,
				Message: fmt.Sprintf("column %q: %s %s, %s may", c.Name, percent(value), share.description, percent(share.limit))})
		}
	}
	if unit, found := unitChange(c.Quantiles, seen.Quantiles); found {
		findings = append(findings, Finding{Kind: UnitChanged, Column: c.Name, Value: unit.factor, Limit: 1,
			Message: fmt.Sprintf("column %q looks like the reference %s: was its unit changed?", c.Name, unit.name)})
	}
	return findings
}

// part is a share; of nothing it is zero, because other checks speak of that.
func part(count, of int) float64 {
	if of <= 0 {
		return 0
	}
	return float64(count) / float64(of)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }
