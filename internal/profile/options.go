package profile

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/nannyml"
	"github.com/trainyard/trainyard/pkg/drift/native"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// Options are what a user asks of a comparison. Schema and Compat are required.
type Options struct {
	Compat report.Compat
	Schema *schema.Schema
	// Columns, where any are named, are the only ones that are compared.
	Columns []string
	// Method and Threshold override every column that they fit.
	Method    string
	Threshold *float64
	// MinEffect, FalseAlarmsPerYear and WindowsPerYear override the schema's.
	MinEffect, FalseAlarmsPerYear, WindowsPerYear *float64
	// Block is the length of the reference's blocks, and Season what they are
	// matched by; zero takes the schema's, and then the window's own.
	Block, Season schema.Length
	// Multivariate also compares all columns together.
	Multivariate bool
	// HashKey hashes the categories of sensitive columns; without it they are
	// numbered.
	HashKey []byte
	// Now is what the age of the newest row is measured from; zero does not look.
	Now time.Time
	// Acted is what rules did to the current rows before.
	Acted Acted
	// Progress is told of each column that is done; it may be nil.
	Progress func(done, total int, column string)
}

// daysPerYear is that of the Gregorian calendar.
const daysPerYear = 365.2425

// native are the native rule's options for windows of a length.
func (o *Options) native(length schema.Length) native.Options {
	said := o.Schema.Native
	windows := 52.0
	if length.Time > 0 {
		windows = daysPerYear * 24 * float64(time.Hour) / float64(length.Time)
	}
	windows = first(windows, o.WindowsPerYear, said.WindowsPerYear)
	return native.Options{
		WindowsPerYear:     windows,
		FalseAlarmsPerYear: first(math.Min(1, windows/20), o.FalseAlarmsPerYear, said.FalseAlarmsPerYear),
		MinEffect:          first(native.DefaultMinEffect, o.MinEffect, said.MinEffect),
		MinRows:            said.MinRows,
	}
}

// first is the first value that is given.
func first(fallback float64, values ...*float64) float64 {
	for _, v := range values {
		if v != nil {
			return *v
		}
	}
	return fallback
}

// block is the length of a block, as asked for.
func (o *Options) block() schema.Length {
	if o.Block.IsZero() {
		return o.Schema.Windows.Length
	}
	return o.Block
}

func (o *Options) season() schema.Length {
	if o.Season.IsZero() {
		return o.Schema.Windows.Season
	}
	return o.Season
}

// check refuses what cannot be honoured, before anything is read.
func (o *Options) check() error {
	if err := o.checkMethod("--method", o.Method, drift.Numerical, drift.Categorical); err != nil {
		return err
	}
	for i, c := range o.Schema.Columns {
		kinds := []drift.Kind{drift.Numerical, drift.Categorical}
		if c.Kind != "" {
			kinds = []drift.Kind{drift.Kind(c.Kind)}
		}
		if c.Kind == schema.Embedding || c.Kind == schema.Kind(drift.Text) {
			continue
		}
		if err := o.checkMethod(fmt.Sprintf("columns[%d] (%s).method", i, c.Name), c.Method, kinds...); err != nil {
			return err
		}
	}
	block, season := o.block(), o.season()
	if !block.IsZero() && !season.IsZero() && (block.Rows > 0) != (season.Rows > 0) {
		return fmt.Errorf("the season %s and the window %s must both be durations, or both numbers of rows", season, block)
	}
	if _, err := native.Join(nil, o.native(block)); err != nil {
		return fmt.Errorf("native rule: %w", err)
	}
	return nil
}

func (o *Options) checkMethod(field, method string, kinds ...drift.Kind) error {
	if method == "" {
		return nil
	}
	if o.Compat == report.Native {
		return fmt.Errorf("%s is %q: the native rule has no methods; choose its distance with a column's effect (wasserstein or ks), or take --compat evidently", field, method)
	}
	for _, kind := range kinds {
		if fits(o.Compat, method, kind) {
			return nil
		}
	}
	return fmt.Errorf("%s is %q: with --compat %s take one of %s", field, method, o.Compat, strings.Join(Methods(o.Compat), ", "))
}

// Methods are the names that a rule's methods have.
func Methods(compat report.Compat) []string {
	switch compat {
	case report.Evidently:
		return evidently.Methods()
	case report.NannyML:
		var names []string
		for _, m := range append(nannyml.Methods(drift.Numerical), nannyml.Methods(drift.Categorical)...) {
			names = append(names, string(m))
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	return nil
}

// relabel is the keyed hash that stands for a category of a sensitive column; nil
// where there is no key or nothing to hide.
func (o *Options) relabel(said schema.Column) func(string) string {
	if !said.Sensitive || len(o.HashKey) == 0 {
		return nil
	}
	return func(label string) string { return keyedHash(o.HashKey, label) }
}

func keyedHash(key []byte, label string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(label))
	return "#" + hex.EncodeToString(mac.Sum(nil)[:6])
}
