package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/trainyard/trainyard/internal/reportpage"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// outputFlags say how and where a report is written.
type outputFlags struct {
	format, file, colour, language string
}

var formats = []string{"table", "json", "html"}

func (o *outputFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&o.format, "o", "table", "write the report as `FORMAT`: table, json or html")
	flags.StringVar(&o.file, "out", "", "write to this `FILE` instead of the standard output")
	flags.StringVar(&o.language, "lang", "en", "write the page of -o html in this `LANGUAGE`: en or fr")
	flags.StringVar(&o.colour, "colour", "auto", "colour the table `WHEN`: auto, always or never")
}

func (o *outputFlags) check() error {
	if !slices.Contains(formats, o.format) {
		return fmt.Errorf("-o is %q: take table, json or html", o.format)
	}
	if !slices.Contains([]string{"auto", "always", "never"}, o.colour) {
		return fmt.Errorf("--colour is %q: take auto, always or never", o.colour)
	}
	if !slices.Contains(reportpage.Languages(), reportpage.Language(o.language)) {
		return fmt.Errorf("--lang is %q: take en or fr", o.language)
	}
	return nil
}

// write writes a report, whole or not at all.
func (o *outputFlags) write(s streams, r *report.Report) error {
	var text bytes.Buffer
	var err error
	switch o.format {
	case "json":
		err = writeJSON(&text, r)
	case "html":
		err = reportpage.Write(&text, *r, reportpage.Options{Language: reportpage.Language(o.language)})
	default:
		err = writeTable(&text, r, o.file == "" && wantsColour(s.out, o.colour))
	}
	if err != nil {
		return err
	}
	return deliver(s, o.file, text.Bytes())
}

// deliver writes to the standard output, or to a file that appears whole.
func deliver(s streams, file string, content []byte) error {
	if file == "" {
		if _, err := s.out.Write(content); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	}
	return writeWhole(s, file, func(w io.Writer) error {
		_, err := w.Write(content)
		return err //nolint:wrapcheck // writeWhole names the file
	})
}

// writeWhole lets a file appear under its name only once it is complete.
func writeWhole(s streams, path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.cleanup.add(func() { _ = os.Remove(file.Name()) })
	err = errors.Join(write(file), file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func writeJSON(w io.Writer, r *report.Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// exitCode is the verdict for scripts.
func exitCode(r *report.Report) int {
	switch r.Verdict {
	case report.BadData:
		return exitBadData
	case report.Drifted:
		return exitDrift
	}
	return exitNothing
}
