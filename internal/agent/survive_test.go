//go:build cgo

package agent

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/kmsg"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/procfs"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// stubCluster is an API server with one policy; watches stay open and silent.
type stubCluster struct {
	*stubAPI
}

func (s *stubCluster) Policies(context.Context) ([]v1alpha1.HardwarePolicy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errDown
	}
	return nil, nil
}

func (s *stubCluster) NodeLabels(context.Context) (map[string]string, error) { return nil, nil }

func (s *stubCluster) Watch(ctx context.Context, _ string, _ func()) error {
	<-ctx.Done()
	return ctx.Err()
}

// drivers are eight healthy GPUs that count how often they are looked at.
type drivers struct {
	nvml.Null
	mu     sync.Mutex
	polls  int
	polled chan struct{}
}

func (d *drivers) Poll(context.Context, bool) ([]nvml.Reading, nvml.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.polls++
	select {
	case d.polled <- struct{}{}:
	default:
	}
	var readings []nvml.Reading
	for i := range 8 {
		r := nvml.Reading{Identity: nvml.Identity{Index: i, UUID: "GPU-" + strconv.Itoa(i), PCI: "0000:1" + strconv.Itoa(i) + ":00.0"}, Readable: true}
		r.Vars.SetFlag(hardware.VarLost, false)
		readings = append(readings, r)
	}
	return readings, nvml.State{Mode: nvml.ModeGPU}
}

func (d *drivers) looks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.polls
}

// stubLog is a kernel's log that is read once.
type stubLog struct{ messages []kmsg.Message }

func (l *stubLog) Read() ([]kmsg.Message, error) {
	messages := l.messages
	l.messages = nil
	return messages, nil
}

// aNode is a whole agent on a fake clock.
type aNode struct {
	*testing.T
	agent   *Agent
	api     *stubAPI
	clock   *testclock.FakeClock
	drivers *drivers
}

func newNode(t *testing.T, api *stubAPI) *aNode {
	t.Helper()
	w := &aNode{T: t, api: api, clock: testclock.NewFakeClock(noon), drivers: &drivers{polled: make(chan struct{}, 1)}}
	core, err := NewCore(hardware.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	cluster := &stubCluster{api}
	host := &stubHost{reading: procfs.Reading{BootID: "boot-1", Uptime: time.Hour}}
	w.agent = New(&Agent{
		Sampler: &Sampler{Devices: w.drivers, Host: host, Clock: w.clock}, Core: core, Clock: w.clock, Log: logr.Discard(),
		Metrics:   NewMetrics(prometheus.NewRegistry(), "node-1", false),
		Intervals: Intervals{Fast: 5 * time.Second, Slow: 30 * time.Second},
		Cluster:   cluster, Publisher: NewPublisher(cluster, w.clock, MinHeartbeat, logr.Discard()), State: t.TempDir(),
	})
	return w
}

func (w *aNode) start() {
	ctx, cancel := context.WithCancel(w.Context())
	var wg sync.WaitGroup
	wg.Go(func() { w.agent.Run(ctx) })
	w.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	w.until("a first look", func() bool { return w.drivers.looks() > 0 })
}

// until waits for what needs no time of the agent's clock.
func (w *aNode) until(what string, ok func() bool) {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		select {
		case <-w.drivers.polled:
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			w.Fatalf("never saw %s", what)
		}
	}
}

// pass lets time pass and the agent look at each of its beats.
func (w *aNode) pass(span time.Duration) {
	w.Helper()
	for range int(span / (5 * time.Second)) {
		before := w.drivers.looks()
		w.clock.Step(5 * time.Second)
		w.until("another look", func() bool { return w.drivers.looks() > before })
	}
}

// published steps the clock until the last status is as wanted.
func (w *aNode) published(what string, within time.Duration, ok func(*v1alpha1.NodeHardwareStatus) bool) v1alpha1.NodeHardwareStatus {
	w.Helper()
	var last v1alpha1.NodeHardwareStatus
	for range int(within/(5*time.Second)) + 1 {
		for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; <-time.After(time.Millisecond) {
			w.api.mu.Lock()
			if w.api.object != nil {
				last = w.api.object.Status
			}
			w.api.mu.Unlock()
			if ok(&last) {
				return last
			}
		}
		w.pass(5 * time.Second)
	}
	w.Fatalf("no status %s within %v; the last one: sequence %d, %+v", what, within, last.Sequence, last.Summary)
	return last
}

func fatal(s *v1alpha1.NodeHardwareStatus) bool {
	return s.Summary != nil && s.Summary.Severity == v1alpha1.SeverityFatal
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAnHourAlone: the API server is gone for an hour in which one Xid follows
// the other. The agent goes on looking, grows by nothing, and catches up.
func TestAnHourAlone(t *testing.T) {
	w := newNode(t, newStubAPI())
	w.start()
	w.published("at all", time.Minute, func(s *v1alpha1.NodeHardwareStatus) bool { return s.Summary != nil })
	w.api.setDown(true)
	storm := func(span time.Duration) {
		for i := range int(span / (5 * time.Second)) {
			w.agent.Event(nvml.Event{Time: w.clock.Now(), Kind: nvml.EventXid, UUID: fmt.Sprint("GPU-", i%8), Data: uint64(13 + i%100)})
			w.pass(5 * time.Second)
		}
	}
	storm(10 * time.Minute) // every code was seen once
	memory, goroutines := heap(), runtime.NumGoroutine()
	storm(50 * time.Minute)
	if grown := int64(heap()) - int64(memory); grown > 1<<20 {
		t.Errorf("grew by %d KiB in %d minutes without an API server", grown>>10, 50)
	}
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("%d goroutines, and %d before", n, goroutines)
	}
	w.api.setDown(false)
	status := w.published("of the present", 3*time.Minute, fatal)
	if len(status.Devices) != 8 || len(status.Faults) < v1alpha1.MaxFaults/2 || sizeOf(&status) > v1alpha1.MaxNodeHardwareBytes {
		t.Errorf("%d devices, %d faults, %d bytes", len(status.Devices), len(status.Faults), sizeOf(&status))
	}
	if age := w.clock.Since(status.HeartbeatTime.Time); age > time.Minute {
		t.Errorf("it tells of %v ago", age)
	}
}

// TestStartsAlone: an agent that starts while the API server is gone looks at its
// node at once, publishes nothing blindly, and continues the record when it can.
func TestStartsAlone(t *testing.T) {
	api := newStubAPI()
	at := metav1.NewTime(noon.Add(-time.Hour))
	api.object = &v1alpha1.NodeHardware{Status: v1alpha1.NodeHardwareStatus{BootID: "boot-1", Sequence: 41, Faults: []v1alpha1.HardwareFault{
		{FirstTime: &at, Kind: v1alpha1.EventXid, Code: 95, Rule: "xid-fatal", Device: "GPU-3", Severity: v1alpha1.SeverityFatal, Action: "ResetDevice"},
	}}}
	api.setDown(true)
	w := newNode(t, api)
	w.start()
	w.pass(10 * time.Minute)
	api.setDown(false)
	status := w.published("that continues", 5*time.Minute, func(s *v1alpha1.NodeHardwareStatus) bool { return s.Sequence > 41 })
	if status.Devices[3].Severity != v1alpha1.SeverityFatal || len(status.Faults) != 1 {
		t.Errorf("after the restart GPU-3 is %s, %d faults are known; it was not reset", status.Devices[3].Severity, len(status.Faults))
	}
}

// TestHearsWhatItMissed: what the kernel's log kept while the agent was down is
// judged once the record is known.
func TestHearsWhatItMissed(t *testing.T) {
	w := newNode(t, newStubAPI())
	w.agent.KernelLog = &stubLog{[]kmsg.Message{{Kind: hardware.Xid, Code: 79, PCI: "0000:15:00.0", SinceBoot: 50 * time.Minute}}}
	w.start()
	status := w.published("of the Xid", 2*time.Minute, fatal)
	if d := status.Devices[5]; d.LastXid == nil || d.LastXid.Code != 79 || d.LastXid.Time.Sub(noon.Add(-10*time.Minute)).Abs() > time.Minute {
		t.Errorf("last Xid %+v, want 79 ten minutes before noon", d.LastXid)
	}
}

// TestClockIsSet: a clock that leaps, either way, neither stops the agent nor
// makes it forget or condemn.
func TestClockIsSet(t *testing.T) {
	w := newNode(t, newStubAPI())
	w.start()
	w.published("at all", time.Minute, func(s *v1alpha1.NodeHardwareStatus) bool { return s.Summary != nil })
	for _, leap := range []time.Duration{90 * 24 * time.Hour, -365 * 24 * time.Hour, time.Hour, -time.Hour} {
		w.clock.SetTime(w.clock.Now().Add(leap))
		for range 12 { // a real ticker does not see the leap, a fake one does
			before := w.drivers.looks()
			w.agent.lookNow()
			w.until("a look after the leap", func() bool { return w.drivers.looks() > before })
			w.clock.SetTime(w.clock.Now().Add(5 * time.Second))
		}
	}
	w.agent.Event(nvml.Event{Time: w.clock.Now(), Kind: nvml.EventXid, UUID: "GPU-2", Data: 95})
	w.agent.lookNow()
	w.until("the Xid in the status", func() bool {
		w.api.mu.Lock()
		defer w.api.mu.Unlock()
		return fatal(&w.api.object.Status) && w.api.object.Status.Devices[2].Severity == v1alpha1.SeverityFatal
	})
}

// TestTwoAgents: two agents of one node, as where two installations overlap and
// share no lock, take turns and write no more than their heartbeats.
func TestTwoAgents(t *testing.T) {
	api := newStubAPI()
	one, other := newNode(t, api), newNode(t, api)
	one.start()
	one.published("at all", time.Minute, func(s *v1alpha1.NodeHardwareStatus) bool { return s.Sequence > 0 })
	other.start()
	other.published("of the second", time.Minute, func(s *v1alpha1.NodeHardwareStatus) bool { return s.Sequence > 1 })
	api.mu.Lock()
	writes, sequence := api.writes, api.object.Status.Sequence
	api.mu.Unlock()
	for range 60 {
		one.pass(time.Minute)
		other.pass(time.Minute)
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	if n := api.writes - writes; n > 60 { // 2 agents, 12 heartbeats, each refused once and repeated
		t.Errorf("%d writes in an hour", n)
	}
	if api.object.Status.Sequence < sequence+12 {
		t.Errorf("sequence %d, and %d an hour before: they keep each other from writing", api.object.Status.Sequence, sequence)
	}
}
