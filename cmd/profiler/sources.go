package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
)

// sourceFlags are how data is read.
type sourceFlags struct {
	spill     string
	delimiter string
	noHeader  bool
	hide      bool
}

func (f *sourceFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.spill, "spill-folder", "", "keep temporary files in this `FOLDER` instead of the system's")
	flags.StringVar(&f.delimiter, "delimiter", "", "what separates the values of a CSV file; one `CHARACTER`, else a comma")
	flags.BoolVar(&f.noHeader, "no-header", false, "the first line of a CSV file is data; columns are then called 0, 1, 2, …")
	flags.BoolVar(&f.hide, "hide-values", false, "never show a value of a row in an error, as where errors go to a log that others read")
}

// open opens a data set, whose closing is left to the end of the program.
func (f *sourceFlags) open(ctx context.Context, s streams, p *progress, url string, said *schema.Schema) (*profile.View, error) {
	spec := datasource.Spec{URL: url, CSV: datasource.CSVSpec{Delimiter: f.delimiter, NoHeader: f.noHeader}, Types: map[string]datasource.Type{}}
	for _, c := range said.Columns {
		if c.Expect.Type != "" {
			spec.Types[c.Name] = c.Expect.Type
		}
	}
	table, err := datasource.Open(ctx, spec, datasource.Options{
		SpillFolder: f.spill, ShowValues: !f.hide, Progress: p.reading,
		Warn: func(text string) { fmt.Fprintln(s.err, "profiler:", text) },
	})
	if err != nil {
		return nil, err
	}
	s.cleanup.add(func() { _ = table.Close() })
	return profile.NewView(ctx, table, url, said.TimeColumn)
}
