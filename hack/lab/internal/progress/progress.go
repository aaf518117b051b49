// Package progress tells a person what a long command is doing: one line when
// a step has ended, with the time it took, and before that one as soon as it
// takes long. It writes to standard error, so that the standard output of the
// lab stays scriptable.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Reporter writes progress lines. The zero value is silent.
type Reporter struct {
	mu sync.Mutex
	w  io.Writer
}

// To returns a Reporter that writes to w.
func To(w io.Writer) *Reporter { return &Reporter{w: w} }

// Printf writes one line.
func (r *Reporter) Printf(format string, args ...any) {
	if r == nil || r.w == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.w, format+"\n", args...)
}

const (
	// long is when a step that has not ended says what runs.
	long = 2 * time.Second
	// still is how often it says so again.
	still = 15 * time.Second
)

// Step runs f and says what runs, that it still does, and how long it took. A
// step that fails before it takes long is told of by its error alone.
func (r *Reporter) Step(what string, f func() error) error {
	start := time.Now()
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() { r.tick(what, start, done) })
	err := f()
	close(done)
	ticking.Wait()
	if err == nil {
		r.Printf("%s: %s", what, Short(time.Since(start)))
	}
	return err
}

func (r *Reporter) tick(what string, start time.Time, done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-time.After(long):
		r.Printf("%s …", what)
	}
	t := time.NewTicker(still)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			r.Printf("%s … %s so far", what, Short(time.Since(start)))
		}
	}
}

// Short renders a duration as a person would say it: 0.4s, 12s, 1m12s.
func Short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
