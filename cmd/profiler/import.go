package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/trainyard/trainyard/internal/suites"
)

const importAbout = `profiler import turns a suite of another tool into a schema file.

  profiler import --from great-expectations suite.json --out schema.yaml
  profiler import --from evidently config.json > schema.yaml

It reads what the tools write as JSON: Evidently's ReportConfig, DataDefinition and
ColumnMapping, and Great Expectations' suites. What has no counterpart is listed on
the standard error, each with the reason; --strict makes that an error.`

func runImport(_ context.Context, s streams, args []string) (int, error) {
	flags := newFlags("import", importAbout, s.out)
	var from, out string
	var strict bool
	flags.StringVar(&from, "from", "", "whose `FORMAT`: evidently or great-expectations")
	flags.StringVar(&out, "out", "", "write to this `FILE` instead of the standard output")
	flags.BoolVar(&strict, "strict", false, "fail if anything has no counterpart")
	words, err := parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitNothing, err
	case err != nil:
		return exitError, err
	case len(words) != 1:
		return exitError, fmt.Errorf("import takes one file, and got %q: write --from evidently config.json", words)
	}
	text, err := readBounded(words[0], suites.MaxBytes)
	if err != nil {
		return exitError, err
	}
	result, err := suites.Import(suites.Format(from), text)
	if err != nil {
		return exitError, fmt.Errorf("%s: %w", words[0], err)
	}
	for _, u := range result.Unmapped {
		fmt.Fprintln(s.err, "not mapped:", u)
	}
	if strict && len(result.Unmapped) > 0 {
		return exitError, fmt.Errorf("%s: %d statements have no counterpart, listed above: leave out --strict to go on without them", words[0], len(result.Unmapped))
	}
	schema, err := result.YAML()
	if err != nil {
		return exitError, err
	}
	return exitNothing, deliver(s, out, schema)
}

// readBounded reads a file, or one byte more than the limit of it.
func readBounded(name string, limit int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the suite: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the suite: %w", err)
	}
	return text, nil
}
