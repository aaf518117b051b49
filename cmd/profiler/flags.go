package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/internal/profile"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

// newFlags are a command's flags; its help begins with what the command is for.
func newFlags(name, about string, w io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	// A mistake is told in one line, not above a page of help.
	flags.SetOutput(io.Discard)
	help := func() {
		fmt.Fprintf(w, "%s\n\nFlags:\n", about)
		flags.VisitAll(func(f *flag.Flag) { describe(w, f) })
	}
	flags.Usage = func() {}
	flags.BoolFunc("h", "print this help", func(string) error { help(); return flag.ErrHelp })
	flags.BoolFunc("help", "print this help", func(string) error { help(); return flag.ErrHelp })
	return flags
}

func describe(w io.Writer, f *flag.Flag) {
	value, help := flag.UnquoteUsage(f)
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
		help += " (" + f.DefValue + ")"
	}
	dashes := "--"
	if len(f.Name) == 1 {
		dashes = "-"
	}
	if f.Name != "h" && f.Name != "help" {
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %s%s %s", dashes, f.Name, value), " "))
		fmt.Fprintf(w, "      %s\n", help)
	}
}

// parse reads a command's flags. Words beside them are returned.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) || strings.Contains(err.Error(), flag.ErrHelp.Error()) {
				return nil, flag.ErrHelp
			}
			return nil, fmt.Errorf("%s: %w; profiler %s -h lists the flags", flags.Name(), err, flags.Name())
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
}

func noWords(name string, words []string) error {
	if len(words) > 0 {
		return fmt.Errorf("%s takes flags only, and got %q: write --reference FILE --current FILE", name, words)
	}
	return nil
}

// number is a flag that may be absent.
type number struct{ value *float64 }

// String implements flag.Value.
func (n *number) String() string {
	if n.value == nil {
		return ""
	}
	return strconv.FormatFloat(*n.value, 'g', -1, 64)
}

// Set implements flag.Value.
func (n *number) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v-v != 0 {
		return fmt.Errorf("%q is no number", text)
	}
	n.value = &v
	return nil
}

// list is a flag of comma-separated names, which may be given again.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if name != "" {
			*l = append(*l, name)
		}
	}
	return nil
}

// window is a flag that says which rows are meant.
type window struct{ schema.Window }

// Set implements flag.Value.
func (w *window) Set(text string) (err error) {
	w.Window, err = schema.ParseWindow(text)
	return err
}

// length is a flag that is a duration or a number of rows.
type length struct{ schema.Length }

// Set implements flag.Value.
func (l *length) Set(text string) (err error) {
	l.Length, err = schema.ParseLength(text)
	return err
}

// ruleFlags are the choices of a comparison.
type ruleFlags struct {
	schema, compat, method, timeColumn, keyFile   string
	columns                                       list
	threshold, minEffect, falseAlarms, windowsOne number
	season                                        length
}

func (r *ruleFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&r.schema, "schema", "", "`FILE` in YAML that says what the columns are; without it types are inferred")
	flags.StringVar(&r.compat, "compat", "native", "whose `RULE` decides: native, evidently or nannyml")
	flags.Var(&r.columns, "columns", "compare only these columns: `a,b,c`")
	flags.StringVar(&r.method, "method", "", "compare every column that it fits by this `METHOD`, by the peer's own name; for evidently and nannyml")
	flags.Var(&r.threshold, "threshold", "replace the method's threshold by this `NUMBER`")
	flags.Var(&r.minEffect, "min-effect", "native: the smallest effect that counts, in standard deviations or as a share of rows; a `NUMBER` (0.1)")
	flags.Var(&r.falseAlarms, "false-alarms-per-year", "native: how many windows a year may alarm although nothing drifted; a `NUMBER` (1)")
	flags.Var(&r.windowsOne, "windows-per-year", "native: how many windows are judged in a year; a `NUMBER`, else from the window's length, else 52")
	flags.Var(&r.season, "season", "native: match windows with reference blocks of the same phase of this `LENGTH`: 7d, or 336rows")
	flags.StringVar(&r.timeColumn, "time-column", "", "the `COLUMN` that holds each row's time; rows are taken in its order")
	flags.StringVar(&r.keyFile, "hash-key-file", "", "hash the categories of sensitive columns with the key in this `FILE`; without it they are numbered")
}

// compats are all rules.
var compats = []report.Compat{report.Native, report.Evidently, report.NannyML}

// options are the flags as the engine takes them.
func (r *ruleFlags) options() (profile.Options, error) {
	o := profile.Options{
		Compat: report.Compat(strings.ToLower(r.compat)), Schema: &schema.Schema{}, Columns: r.columns, Method: r.method,
		Threshold: r.threshold.value, MinEffect: r.minEffect.value, FalseAlarmsPerYear: r.falseAlarms.value,
		WindowsPerYear: r.windowsOne.value, Season: r.season.Length,
	}
	if !slices.Contains(compats, o.Compat) {
		return o, fmt.Errorf("--compat is %q: take native, evidently or nannyml", r.compat)
	}
	if r.schema != "" {
		var err error
		if o.Schema, err = schema.Read(r.schema); err != nil {
			return o, err
		}
	}
	if r.timeColumn != "" {
		o.Schema.TimeColumn = r.timeColumn
	}
	if r.keyFile != "" {
		key, err := os.ReadFile(r.keyFile)
		if err != nil {
			return o, fmt.Errorf("--hash-key-file: %w", err)
		}
		if len(key) < 16 {
			return o, fmt.Errorf("--hash-key-file: %s holds %d bytes: a key has at least 16, as from head -c 32 /dev/urandom", r.keyFile, len(key))
		}
		o.HashKey = key
	}
	return o, nil
}
