package hardware

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestOrderOfEventsDoesNotMatter shuffles the same events: their number, their
// bursts and the verdict stay. Escalations look at a device's past in the order
// in which it was told, so they are left out.
func TestOrderOfEventsDoesNotMatter(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		var events []Event
		for range 2 + r.IntN(12) {
			events = append(events, Event{
				Time: start.Add(time.Duration(r.IntN(3600)) * time.Second), BootID: "b", Kind: Xid,
				Code: []int{13, 31, 109, 48}[r.IntN(4)], Device: gpu0, Serial: serial0,
				Owners: []string{fmt.Sprintf("team-%d/job", r.IntN(2))},
			})
		}
		judge := func(events []Event) string {
			policy := Defaults()
			policy.Escalations = nil
			c, err := New(policy)
			if err != nil {
				t.Fatal(err)
			}
			s := Sample{Time: start.Add(time.Hour), BootID: "b", Devices: []DeviceSample{{UUID: gpu0, Serial: serial0, Readable: true}}}
			c.Observe(&s)
			for _, e := range events {
				c.Report(e)
			}
			s.Time = s.Time.Add(5 * time.Second)
			a := c.Observe(&s)
			text := fmt.Sprint(a.Devices[0].Verdict.Severity, a.Devices[0].Verdict.Action)
			for _, f := range a.Devices[0].Findings {
				text += fmt.Sprintf(" %s/%d×%d", f.Rule, f.Code, f.Count)
			}
			return text
		}
		slices.SortFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
		want := judge(events)
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := judge(events); got != want {
			t.Fatalf("round %d: in order %q, shuffled %q", round, want, got)
		}
	}
}

// TestOneTenantNeverCondemns: whatever Xids that a tenant can provoke one owner
// sends, however often, the device keeps getting work.
func TestOneTenantNeverCondemns(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		w := newWorld(t)
		w.tick()
		for range 200 {
			w.xid([]int{13, 31, 43, 45, 109, 8, 69}[r.IntN(7)])
			w.now = w.now.Add(time.Duration(r.IntN(7200)) * time.Second)
			w.tick()
			if v := w.last.Devices[0].Verdict; v.Severity != Healthy {
				t.Fatalf("one tenant reached %+v", v)
			}
		}
	}
}

// TestRandomLife throws everything at a classifier and checks what must always
// hold: bounds, order, a worst verdict that is the worst, findings that exist.
func TestRandomLife(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		for range 3000 {
			w.vars = numbers{}
			for id := range VarLinksInactive {
				if r.IntN(3) > 0 {
					w.vars[variables[id].Name] = float64(r.IntN(100) - 20)
				}
			}
			if r.IntN(10) == 0 {
				w.event(Event{Kind: Xid, Code: 1 + r.IntN(170), Device: gpu0, Hint: []Hint{HintNone, HintFatal, HintNonFatal}[r.IntN(3)]})
			}
			if r.IntN(200) == 0 {
				w.boot = fmt.Sprint("boot-", r.IntN(100))
			}
			if r.IntN(100) == 0 {
				w.epoch = fmt.Sprint(r.IntN(100))
			}
			if r.IntN(50) == 0 {
				w.now = w.now.Add(time.Duration(r.IntN(2_000_000)-1_000_000) * time.Second)
			}
			w.silent = r.IntN(20) == 0
			checkInvariants(t, w.tick(), w.c)
		}
	}
}

func checkInvariants(t *testing.T, a *Assessment, c *Classifier) {
	t.Helper()
	for i := range a.Devices {
		d := &a.Devices[i]
		if d.Verdict.Severity.Rank() > a.Worst.Severity.Rank() {
			t.Fatalf("worst is %s, device %s is %s", a.Worst.Severity, d.UUID, d.Verdict.Severity)
		}
		if d.Verdict.Severity != Healthy && d.Verdict.Reason == "" {
			t.Fatalf("a verdict without a reason: %+v", d.Verdict)
		}
		for _, f := range d.Findings {
			if !f.Observed && f.Outcome.Severity.Rank() > d.Verdict.Severity.Rank() {
				t.Fatalf("finding %+v is worse than the verdict %+v", f, d.Verdict)
			}
		}
	}
	if n := len(c.Faults()); n > MaxFaults {
		t.Fatalf("the record has %d entries", n)
	}
	for _, d := range c.devices {
		if len(d.events) > maxCodes+1 {
			t.Fatalf("%d codes are remembered", len(d.events))
		}
		for i := range d.conditions {
			if n := len(d.conditions[i].spans); n > maxSpans+1 {
				t.Fatalf("%d spans are remembered", n)
			}
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	c, err := New(Defaults())
	if err != nil {
		b.Fatal(err)
	}
	s := Sample{BootID: "b"}
	for i := range 8 {
		d := DeviceSample{UUID: fmt.Sprint("GPU-", i), Serial: fmt.Sprint(i), Readable: true}
		for id := range VarClockPeerRatio {
			d.Vars.Set(id, 0)
		}
		s.Devices = append(s.Devices, d)
	}
	b.ReportAllocs()
	now := start
	for b.Loop() {
		now = now.Add(5 * time.Second)
		s.Time = now
		c.Observe(&s)
	}
}
