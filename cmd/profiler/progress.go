package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/datasource"
)

const (
	// silence is how long work may take before it says so.
	silence = 2 * time.Second
	// pace is how often it says so: on a terminal, and in a log.
	terminalPace, logPace = 200 * time.Millisecond, 10 * time.Second
)

// progress tells on the standard error how far long work is.
type progress struct {
	w        io.Writer
	clock    clock.PassiveClock
	terminal bool
	next     time.Time
	shown    bool
}

func newProgress(s streams) *progress {
	return &progress{w: s.err, clock: s.clock, terminal: isTerminal(s.err), next: s.clock.Now().Add(silence)}
}

func (p *progress) say(format string, args ...any) {
	now := p.clock.Now()
	if now.Before(p.next) {
		return
	}
	p.shown = true
	if p.terminal {
		p.next = now.Add(terminalPace)
		fmt.Fprintf(p.w, "\r\x1b[K"+format, args...)
		return
	}
	p.next = now.Add(logPace)
	fmt.Fprintf(p.w, format+"\n", args...)
}

// done clears the line.
func (p *progress) done() {
	if p.shown && p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}

func (p *progress) reading(r datasource.Progress) {
	if r.Of > 0 {
		p.say("reading %s: %d %% (%d rows)", r.Source, min(100, 100*r.Bytes/r.Of), r.Rows)
		return
	}
	p.say("reading %s: %d rows", r.Source, r.Rows)
}

func (p *progress) column(done, total int, name string) {
	p.say("compared %d of %d columns, last %q", done, total, name)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func wantsColour(w io.Writer, choice string) bool {
	if choice != "auto" {
		return choice == "always"
	}
	return os.Getenv("NO_COLOR") == "" && isTerminal(w)
}
