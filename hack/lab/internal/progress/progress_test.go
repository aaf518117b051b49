package progress

import (
	"bytes"
	"errors"
	"regexp"
	"testing"
)

func TestAShortStepIsOneLine(t *testing.T) {
	var out bytes.Buffer
	r := To(&out)
	if err := r.Step("wink", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("eye shut")
	if err := r.Step("wink again", func() error { return failure }); !errors.Is(err, failure) {
		t.Errorf("error %v, want the step's", err)
	}
	if got := out.String(); !regexp.MustCompile(`^wink: 0\.[0-9]s\n$`).MatchString(got) {
		t.Errorf("said %q", got)
	}
}

func TestALongStepSaysWhatRuns(t *testing.T) {
	lines := make(chan string, 8)
	r := To(writer(func(line string) { lines <- line }))
	if err := r.Step("yawn", func() error {
		if got := <-lines; got != "yawn …\n" { // comes after a while, by itself
			t.Errorf("said %q", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := <-lines; !regexp.MustCompile(`^yawn: [0-9.]+s\n$`).MatchString(got) {
		t.Errorf("said %q", got)
	}
}

func TestTheZeroReporterIsSilent(*testing.T) {
	var r *Reporter
	r.Printf("nobody hears")
	new(Reporter).Printf("nobody hears")
}

// writer is a function that takes what is written.
type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}
