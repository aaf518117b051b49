package output

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/progress"
)

func scanner(t testing.TB, emit func(progress.Update)) *progress.Scanner {
	t.Helper()
	p, err := progress.NewParser(nil)
	if err != nil {
		t.Fatal(err)
	}
	return progress.NewScanner(p, emit)
}

func open(t *testing.T, to *bytes.Buffer, emit func(progress.Update)) (*Stream, *os.File) {
	t.Helper()
	s, child, err := Open(to, scanner(t, emit), func(err error) { t.Errorf("lost: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return s, child
}

func TestFinishWaitsForAll(t *testing.T) {
	var out bytes.Buffer
	var steps []int64
	s, child := open(t, &out, func(u progress.Update) { steps = append(steps, *u.Step) })
	text := strings.Repeat("noise\n", 100_000) + `{"trainyard":{"step":1}}` + "\n" + `{"trainyard":{"step":2}}`
	go func() {
		_, _ = child.WriteString(text)
		_ = child.Close()
	}()
	s.Finish(clock.RealClock{})
	if out.String() != text {
		t.Errorf("%d of %d bytes came", out.Len(), len(text))
	}
	if diff := cmp.Diff([]int64{1, 2}, steps); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
}

// Somebody who is not a child of ours may hold the pipe open for ever.
func TestFinishDoesNotWaitForStrangers(t *testing.T) {
	var out bytes.Buffer
	s, child := open(t, &out, func(progress.Update) {})
	defer child.Close()
	if _, err := child.WriteString("last words"); err != nil {
		t.Fatal(err)
	}
	c := testingclock.NewFakeClock(time.Unix(0, 0))
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.Finish(c)
	}()
	for {
		select {
		case <-finished:
			if out.String() != "last words" {
				t.Errorf("%q came", out.String())
			}
			return
		default:
			if c.HasWaiters() {
				c.Step(quiet)
			}
		}
	}
}

type broken struct{ writes int }

func (b *broken) Write([]byte) (int, error) {
	b.writes++
	return 0, errors.New("nobody there")
}

func TestWhatNobodyTakesIsDroppedAndRead(t *testing.T) {
	var lost []string
	var step int64
	to := &broken{}
	s, child, err := Open(to, scanner(t, func(u progress.Update) { step = *u.Step }), func(err error) { lost = append(lost, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if _, err := child.Write(make([]byte, chunkSize)); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = child.WriteString("\n{\"trainyard\":{\"step\":7}}\n")
	_ = child.Close()
	s.Finish(clock.RealClock{})
	if diff := cmp.Diff([]string{"nobody there"}, lost); diff != "" || to.writes != 1 || step != 7 {
		t.Errorf("%d writes, step %d, lost (-want +got)\n%s", to.writes, step, diff)
	}
}

func TestQueueDropsTheOldest(t *testing.T) {
	q := newQueue(2)
	for _, text := range []string{"a", "b", "c", "d"} {
		q.push(append(q.buffer()[:0], text...))
	}
	q.close()
	type popped struct {
		Text    string
		Gap, OK bool
	}
	var got []popped
	for {
		chunk, gap, ok := q.pop()
		got = append(got, popped{string(chunk), gap, ok})
		if !ok {
			break
		}
		q.release(chunk)
	}
	want := []popped{{"c", true, true}, {"d", false, true}, {"", false, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := len(q.buffer()); n != chunkSize {
		t.Errorf("a buffer that is used again has %d bytes", n)
	}
}

// Reading for progress may be as slow as it likes.
func TestSlowReadingDoesNotHoldOutputUp(t *testing.T) {
	var out bytes.Buffer
	var last int64
	begun, release := make(chan struct{}, 1), make(chan struct{})
	s, child := open(t, &out, func(u progress.Update) {
		last = *u.Step
		select {
		case begun <- struct{}{}:
		default:
		}
		<-release
	})
	_, _ = child.WriteString("{\"trainyard\":{\"step\":1}}\n")
	<-begun // and stuck
	for range 4 * queued {
		if _, err := child.Write(append(make([]byte, chunkSize-1), '\n')); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = child.WriteString("{\"trainyard\":{\"step\":2}}\n")
	_ = child.Close()
	<-s.copied
	close(release)
	s.Finish(clock.RealClock{})
	if out.Len() < 4*queued*chunkSize || last != 2 {
		t.Errorf("%d bytes came, the last step was %d", out.Len(), last)
	}
}
