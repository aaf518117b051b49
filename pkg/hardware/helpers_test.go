package hardware

import (
	"testing"
	"time"
)

const (
	gpu0    = "GPU-0"
	serial0 = "1650000000"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world drives a classifier through time.
type world struct {
	t      *testing.T
	c      *Classifier
	now    time.Time
	boot   string
	epoch  string
	owners []string
	node   map[string]float64
	vars   map[string]float64
	// devices are further devices with variables of their own.
	devices map[string]map[string]float64
	silent  bool
	last    *Assessment
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, Defaults())
}

func newWorldOf(t *testing.T, p Policy) *world {
	t.Helper()
	c, err := New(p)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &world{
		t: t, c: c, now: start, boot: "boot-1", epoch: "1", owners: []string{"team-a/job-1"},
		node: map[string]float64{"driver_up": 1, "maintenance": 0}, vars: map[string]float64{}, devices: map[string]map[string]float64{},
	}
}

func set(v *Vars, values map[string]float64) {
	for name, value := range values {
		id, ok := Lookup(name)
		if !ok {
			panic("no variable " + name)
		}
		v.Set(id, value)
	}
}

func (w *world) sample() *Sample {
	s := &Sample{Time: w.now, BootID: w.boot}
	set(&s.Node, w.node)
	d := DeviceSample{UUID: gpu0, Serial: serial0, Epoch: w.epoch, Owners: w.owners, Readable: !w.silent}
	set(&d.Vars, w.vars)
	s.Devices = append(s.Devices, d)
	for _, uuid := range []string{"GPU-1", "GPU-2", "GPU-3", "GPU-4", "GPU-5", "GPU-6", "GPU-7"} {
		if values, ok := w.devices[uuid]; ok {
			d := DeviceSample{UUID: uuid, Serial: "serial-" + uuid, Epoch: "1", Readable: true}
			set(&d.Vars, values)
			s.Devices = append(s.Devices, d)
		}
	}
	return s
}

// tick takes one sample after 5 s.
func (w *world) tick() *Assessment {
	w.now = w.now.Add(5 * time.Second)
	w.last = w.c.Observe(w.sample())
	return w.last
}

// pass takes samples every 5 s for a span.
func (w *world) pass(span time.Duration) *Assessment {
	for end := w.now.Add(span); w.now.Before(end); {
		w.tick()
	}
	return w.last
}

func (w *world) xid(code int) { w.event(Event{Kind: Xid, Code: code, Device: gpu0}) }

func (w *world) event(e Event) {
	e.Time, e.BootID, e.Owners = w.now, w.boot, w.owners
	w.c.Report(e)
}

func (w *world) verdict() Verdict {
	w.t.Helper()
	return w.tick().Devices[0].Verdict
}

type wanted struct {
	severity Severity
	class    Class
	action   Action
}

func (w *world) want(want wanted) {
	w.t.Helper()
	v := w.verdict()
	if got := (wanted{v.Severity, v.Class, v.Action}); got != want {
		w.t.Errorf("verdict = %+v, want %+v (rule %s: %s)", got, want, v.Rule, v.Reason)
	}
}

var healthy = wanted{Healthy, ClassNone, ActionNone}
