package watch

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	event := func(name string, pad int) []byte {
		b := make([]byte, unix.SizeofInotifyEvent+len(name)+pad)
		b[12] = byte(len(name) + pad)
		copy(b[unix.SizeofInotifyEvent:], name)
		return b
	}
	overflow := event("", 0)
	whole := append(append(event("step-1", 2), overflow...), event("x", 15)...)
	if diff := cmp.Diff([]string{"step-1", Look, "x"}, parse(whole)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for cut := range whole { // never beyond what was read
		parse(whole[:cut:cut])
	}
}
