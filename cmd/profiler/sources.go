package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
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

// dataHelp says what may stand for data, in every command's help.
const dataHelp = `Data is a file, a folder or a pattern of files (Parquet, CSV or JSON Lines, packed or
not), an address such as s3://bucket/folder, or a file that ends in .source.yaml and
says more: a query, credentials, a window (docs/sources.md).`

func (f *sourceFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&f.spill, "spill-folder", "", "keep temporary files in this `FOLDER` instead of the system's")
	flags.StringVar(&f.delimiter, "delimiter", "", "what separates the values of a CSV file; one `CHARACTER`, else a comma")
	flags.BoolVar(&f.noHeader, "no-header", false, "the first line of a CSV file is data; columns are then called 0, 1, 2, …")
	flags.BoolVar(&f.hide, "hide-values", false, "never show a value of a row in an error, as where errors go to a log that others read; always so in a cluster")
}

// open opens a data set, whose closing is left to the end of the program.
func (f *sourceFlags) open(ctx context.Context, s streams, p *progress, from string, said *schema.Schema) (*profile.View, error) {
	spec, err := f.spec(from)
	if err != nil {
		return nil, err
	}
	if spec.Types == nil {
		spec.Types = map[string]datasource.Type{}
	}
	for _, c := range said.Columns {
		if c.Expect.Type != "" {
			spec.Types[c.Name] = c.Expect.Type
		}
	}
	options := datasource.Options{
		SpillFolder: f.spill, ShowValues: !f.hide, Progress: p.reading, Now: s.clock.Now(), Guard: guard.OwnMachine(os.Getenv),
		Warn: func(text string) { fmt.Fprintln(s.err, "profiler:", text) },
	}
	if inCluster() {
		options.ShowValues, options.Guard = false, guard.Pod(os.Getenv)
	}
	table, err := datasource.Open(ctx, spec, options)
	if err != nil {
		return nil, err
	}
	s.cleanup.add(func() { _ = table.Close() })
	timeColumn := said.TimeColumn
	if timeColumn == "" {
		timeColumn = spec.Time.Column
	}
	return profile.NewView(ctx, table, shownName(spec.URL), timeColumn)
}

// sourceSuffix is how the name of a file that describes a source ends.
const sourceSuffix = ".source.yaml"

// spec is what to read: described in a file, or named.
func (f *sourceFlags) spec(from string) (datasource.Spec, error) {
	if !strings.HasSuffix(from, sourceSuffix) {
		return datasource.Spec{URL: from, CSV: datasource.CSVSpec{Delimiter: f.delimiter, NoHeader: f.noHeader}}, nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return datasource.Spec{}, fmt.Errorf("read the source's description: %w", err)
	}
	spec, err := datasource.ParseSpec(text)
	if err != nil {
		return spec, fmt.Errorf("%s: %w", from, err)
	}
	return spec, nil
}

// inCluster says that a kubelet started the program, not a person.
func inCluster() bool { return os.Getenv("KUBERNETES_SERVICE_HOST") != "" }

// shownName is an address as reports show it: without user, query and fragment.
func shownName(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.Contains(address, "://") {
		return address
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
