package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/snapshot"
)

// column is a column in memory, columns a table of them as they are stored.
type (
	column  struct{ table.Column }
	columns []column
)

func (c columns) Schema() table.Schema {
	var schema table.Schema
	for _, one := range c {
		schema = append(schema, one.Field)
	}
	return schema
}

func (c columns) Rows() int { return c[0].Rows() }

func (c columns) Close() error { return nil }

func (c columns) Column(_ context.Context, name string) (table.Column, error) {
	for _, one := range c {
		if one.Name == name {
			return one.Column, nil
		}
	}
	return table.Column{}, &table.UnknownColumnError{Column: name}
}

// drawn has a column of every type, with gaps, of more rows than are handed over
// at once.
func drawn(rows int) columns {
	r := rand.New(rand.NewPCG(1, uint64(rows)))
	all := columns{
		{table.Column{Field: table.Field{Name: "z", Type: table.Float}}},
		{table.Column{Field: table.Field{Name: "count", Type: table.Integer}}},
		{table.Column{Field: table.Field{Name: "sold", Type: table.Boolean}}},
		{table.Column{Field: table.Field{Name: "at", Type: table.Timestamp}}},
		{table.Column{Field: table.Field{Name: "place", Type: table.String}, Labels: []string{"", "Zürich", "a\x00b"}}},
	}
	for range rows {
		for i := range all {
			all[i].draw(r)
		}
	}
	return all
}

// awkward are numbers that a careless writer changes.
var awkward = []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, math.Copysign(0, -1)}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 4096, 10_001} {
		want := drawn(rows)
		file, err := snapshot.Write(context.Background(), want, t.TempDir(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		got, err := datasource.Open(context.Background(), datasource.Spec{URL: file.Path}, datasource.Options{Guard: guard.OwnMachine(os.Getenv)})
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows() != rows || file.Rows != rows {
			t.Fatalf("%d rows were written as %d and read as %d", rows, file.Rows, got.Rows())
		}
		for _, one := range want {
			read, err := got.Column(context.Background(), one.Name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(one.values(), (&column{read}).values(), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%d rows, column %s: %s", rows, one.Name, diff)
			}
		}
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	}
}

// draw appends a value, or a gap.
func (c *column) draw(r *rand.Rand) {
	gap := r.IntN(10) == 0
	if c.Type == table.String {
		code := int32(r.IntN(len(c.Labels)))
		if gap {
			code = table.Absent
		}
		c.Codes = append(c.Codes, code)
		return
	}
	c.Numbers = append(c.Numbers, c.number(r, gap))
}

func (c *column) number(r *rand.Rand, gap bool) float64 {
	switch {
	case gap:
		return math.NaN()
	case c.Type == table.Integer:
		return float64(r.Int64N(1<<54) - 1<<53)
	case c.Type == table.Boolean:
		return float64(r.IntN(2))
	case c.Type == table.Timestamp:
		return float64(r.Int64N(4e9)) + float64(r.IntN(4))/4
	case r.IntN(3) == 0:
		return awkward[r.IntN(len(awkward))]
	}
	return r.NormFloat64()
}

// values are a column's, whatever the order of its labels: numbers, or texts.
func (c *column) values() any {
	if c.Type != table.String {
		return c.Numbers
	}
	texts := make([]string, len(c.Codes))
	for i, code := range c.Codes {
		texts[i] = "absent"
		if code != table.Absent {
			texts[i] = fmt.Sprintf("%q", c.Labels[code])
		}
	}
	return texts
}

// The same rows have the same name, whatever the order of their columns; other
// rows have another.
func TestName(t *testing.T) {
	t.Parallel()
	rows, folder := drawn(500), t.TempDir()
	turned := columns{rows[3], rows[0], rows[4], rows[2], rows[1]}
	changed := drawn(500)
	changed[0].Numbers[499]++
	var names []string
	for _, stored := range []columns{rows, rows, turned, changed} {
		file, err := snapshot.Write(context.Background(), stored, folder, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, file.Path)
	}
	if names[0] != names[1] || names[0] != names[2] || names[0] == names[3] {
		t.Errorf("names: %q", names)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 {
		t.Errorf("the folder holds %v, %v", files, err)
	}
}

// What was not written whole is not there at all.
func TestStopped(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	hashed := drawn(10)
	hashed[4].Hashed = true
	for _, c := range []struct {
		name  string
		ctx   context.Context
		rows  columns
		wants string
	}{
		{"cancelled", cancelled, drawn(10), "stopped after 0 of 5 columns"},
		{"more distinct texts than are kept", context.Background(), hashed, `column "place" has more distinct texts`},
	} {
		folder := t.TempDir()
		_, err := snapshot.Write(c.ctx, c.rows, folder, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), c.wants) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.wants)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
			t.Errorf("%s: left %q", c.name, left)
		}
	}
	if _, err := snapshot.Write(context.Background(), drawn(1), filepath.Join(t.TempDir(), "none"), t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}
