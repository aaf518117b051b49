package table

import (
	"context"
	"fmt"
	"math"

	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Select is a table of some of another's rows, which it closes.
func Select(from Table, rows window.Rows) Table {
	if rows.Count == from.Rows() {
		return from
	}
	return &selected{Table: from, rows: rows}
}

type selected struct {
	Table
	rows window.Rows
}

func (s *selected) Rows() int { return s.rows.Count }

func (s *selected) Column(ctx context.Context, name string) (Column, error) {
	column, err := s.Table.Column(ctx, name)
	if err != nil {
		return Column{}, err
	}
	if column.Type == String {
		column.Codes = window.Pick(column.Codes, s.rows)
		column.Missing = countAbsent(column.Codes)
		column.dropUnused()
		return column, nil
	}
	column.Numbers = window.Pick(column.Numbers, s.rows)
	column.Missing = CountNaN(column.Numbers)
	return column, nil
}

func countAbsent(codes []int32) int {
	count := 0
	for _, code := range codes {
		if code == Absent {
			count++
		}
	}
	return count
}

// CountNaN counts the missing values of a column of numbers.
func CountNaN(numbers []float64) int {
	count := 0
	for _, number := range numbers {
		if math.IsNaN(number) {
			count++
		}
	}
	return count
}

// dropUnused drops the labels that no row has, and numbers the others anew in the
// same order.
func (c *Column) dropUnused() {
	used := make([]bool, len(c.Labels))
	for _, code := range c.Codes {
		if code != Absent {
			used[code] = true
		}
	}
	renumbered := make([]int32, len(c.Labels))
	kept := make([]string, 0, len(c.Labels))
	for code, label := range c.Labels {
		if used[code] {
			renumbered[code] = int32(len(kept))
			kept = append(kept, label)
		}
	}
	if len(kept) == len(c.Labels) {
		return
	}
	c.Labels = kept
	for i, code := range c.Codes {
		if code != Absent {
			c.Codes[i] = renumbered[code]
		}
	}
}

// Times are the instants of a table's rows by one of its columns: a Timestamp, or a
// number since 1970 in units of which perSecond make a second.
func Times(ctx context.Context, of Table, column string, perSecond float64) ([]float64, error) {
	times, err := of.Column(ctx, column)
	if err != nil {
		return nil, fmt.Errorf("read the time of rows: %w", err)
	}
	switch times.Type {
	case Timestamp:
		return times.Numbers, nil
	case Integer, Float:
		for i := range times.Numbers {
			times.Numbers[i] /= perSecond
		}
		return times.Numbers, nil
	}
	return nil, fmt.Errorf("column %q is to be the time of rows and is %s: "+
		"write instants as 2006-01-02T15:04:05Z or as seconds since 1970, or declare its type", column, times.Type)
}
