package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	testclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// stubAPI is an API server that keeps the last report, and its rule about
// sequences.
type stubAPI struct {
	mu      sync.Mutex
	object  *v1alpha1.NodeHardware
	down    bool
	writes  int
	written chan v1alpha1.NodeHardwareStatus
}

func newStubAPI() *stubAPI { return &stubAPI{written: make(chan v1alpha1.NodeHardwareStatus, 1000)} }

var errDown = errors.New("connection refused")

func (s *stubAPI) Get(context.Context) (*v1alpha1.NodeHardware, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.down:
		return nil, errDown
	case s.object == nil:
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "nodehardwares"}, "node-1")
	}
	return s.object.DeepCopy(), nil
}

func (s *stubAPI) Create(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errDown
	}
	s.object = &v1alpha1.NodeHardware{}
	return nil
}

func (s *stubAPI) ReplaceStatus(_ context.Context, status *v1alpha1.NodeHardwareStatus) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	switch {
	case s.down:
		return 0, errDown
	case s.object == nil:
		return 0, apierrors.NewNotFound(schema.GroupResource{Resource: "nodehardwares"}, "node-1")
	case s.object.Status.BootID == status.BootID && status.Sequence <= s.object.Status.Sequence:
		return 0, apierrors.NewInvalid(schema.GroupKind{Kind: "NodeHardware"}, "node-1", nil)
	}
	s.object.Status = *status
	s.written <- *status
	return sizeOf(status), nil
}

func (s *stubAPI) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// press runs a publisher on a fake clock.
type press struct {
	*testing.T
	api       *stubAPI
	clock     *testclock.FakeClock
	publisher *Publisher
}

func newPress(t *testing.T) *press {
	t.Helper()
	p := &press{T: t, api: newStubAPI(), clock: testclock.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	p.publisher = NewPublisher(p.api, p.clock, time.Second, logr.Discard())
	return p
}

func (p *press) start() {
	ctx, cancel := context.WithCancel(p.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.publisher.Run(ctx) })
	p.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

func report(severity v1alpha1.HardwareSeverity, note string) v1alpha1.NodeHardwareStatus {
	return v1alpha1.NodeHardwareStatus{
		Mode: v1alpha1.ModeGPU, BootID: "boot-1", Summary: &v1alpha1.HardwareSummary{Severity: severity, Reason: note},
	}
}

// next waits for the next write, stepping the clock while the publisher sleeps.
func (p *press) next(most time.Duration) v1alpha1.NodeHardwareStatus {
	p.Helper()
	end := p.clock.Now().Add(most)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		select {
		case status := <-p.api.written:
			return status
		case <-time.After(time.Millisecond):
		}
		if p.clock.HasWaiters() && p.clock.Now().Before(end) {
			p.clock.Step(time.Second)
		}
	}
	p.Fatalf("nothing was written within %v", most)
	return v1alpha1.NodeHardwareStatus{}
}

func (p *press) nothing(span time.Duration) {
	p.Helper()
	for end := p.clock.Now().Add(span); p.clock.Now().Before(end); {
		p.clock.Step(time.Second)
		select {
		case status := <-p.api.written:
			p.Fatalf("a write that was not due: %+v", status.Summary)
		default:
		}
	}
}

func TestPublishesOnTransitionsAndHeartbeats(t *testing.T) {
	p := newPress(t)
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "first"), true)
	p.start()
	if first := p.next(time.Minute); first.Sequence != 1 {
		t.Errorf("first write %+v", first)
	}
	begin := p.clock.Now()
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "sample"), false)
	p.nothing(MinHeartbeat - time.Second)
	beat := p.next(10 * time.Minute)
	if after := p.clock.Since(begin); after < MinHeartbeat || after > MinHeartbeat+MinHeartbeat/10+2*time.Second || beat.Summary.Reason != "sample" {
		t.Errorf("a heartbeat after %v: %+v", after, beat.Summary)
	}
	begin = p.clock.Now()
	p.publisher.Offer(report(v1alpha1.SeverityFatal, "worse"), true)
	if status := p.next(time.Minute); status.Summary.Reason != "worse" || p.clock.Since(begin) > time.Second || status.Sequence != 3 {
		t.Errorf("a worse verdict after %v: %+v", p.clock.Since(begin), status)
	}
	begin = p.clock.Now()
	p.publisher.Offer(report(v1alpha1.SeverityFatal, "more"), true)
	if status := p.next(time.Minute); status.Summary.Reason != "more" || p.clock.Since(begin) < quietBetween-time.Second {
		t.Errorf("more of the same after %v", p.clock.Since(begin))
	}
}

// TestWorseNewsOvertake: what is worse does not wait behind news that do.
func TestWorseNewsOvertake(t *testing.T) {
	p := newPress(t)
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "first"), true)
	p.start()
	p.next(time.Minute)
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "a trifle"), true)
	for !p.clock.HasWaiters() { // until the trifle waits
		p.clock.Step(0)
	}
	begin := p.clock.Now()
	worse := report(v1alpha1.SeverityHealthy, "one GPU")
	worse.Devices = []v1alpha1.DeviceStatus{{UUID: "GPU-0", Severity: v1alpha1.SeverityFatal}}
	p.publisher.Offer(worse, true)
	select {
	case status := <-p.api.written:
		if status.Summary.Reason != "one GPU" || p.clock.Since(begin) > 0 {
			t.Errorf("written after %v: %+v", p.clock.Since(begin), status.Summary)
		}
	case <-time.After(10 * time.Second):
		t.Error("a worse verdict waits behind a trifle")
	}
}

func TestAnHourWithoutAPIServer(t *testing.T) {
	p := newPress(t)
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "first"), true)
	p.start()
	p.next(time.Minute)
	p.api.setDown(true)
	p.api.mu.Lock()
	p.api.writes = 0
	p.api.mu.Unlock()
	for i := range 3600 {
		p.publisher.Offer(report([]v1alpha1.HardwareSeverity{v1alpha1.SeverityFatal, v1alpha1.SeverityDegraded}[i%2], fmt.Sprint(i)), true)
		p.clock.Step(time.Second)
	}
	p.api.mu.Lock()
	tries := p.api.writes
	p.api.mu.Unlock()
	if tries > 120 {
		t.Errorf("%d tries in an hour without an API server", tries)
	}
	p.api.setDown(false)
	status := p.next(5 * time.Minute)
	if status.Summary.Reason != "3599" { // the try that was under way when it came back
		status = p.next(5 * time.Minute)
	}
	if status.Summary.Reason != "3599" || status.Sequence > 3 {
		t.Errorf("after the outage: %+v, sequence %d; want the latest, and hardly any before it", status.Summary, status.Sequence)
	}
}

func TestAnotherWriter(t *testing.T) {
	p := newPress(t)
	p.api.object = &v1alpha1.NodeHardware{Status: v1alpha1.NodeHardwareStatus{BootID: "boot-1", Sequence: 41}}
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "first"), true)
	p.start()
	if status := p.next(time.Minute); status.Sequence != 42 {
		t.Errorf("sequence %d, want to go on after 41", status.Sequence)
	}
}

func TestContinuesAfterRestart(t *testing.T) {
	p := newPress(t)
	before := v1alpha1.NodeHardwareStatus{BootID: "boot-1", Sequence: 7}
	p.api.object = &v1alpha1.NodeHardware{Status: before}
	p.publisher.Continue(&before)
	p.publisher.Offer(report(v1alpha1.SeverityHealthy, "first"), true)
	p.start()
	if status := p.next(time.Minute); status.Sequence != 8 || p.api.writes != 1 {
		t.Errorf("sequence %d after %d writes, want 8 at once", status.Sequence, p.api.writes)
	}
	another := report(v1alpha1.SeverityFatal, "rebooted")
	another.BootID = "boot-2"
	p.publisher.Offer(another, true)
	if status := p.next(time.Minute); status.Sequence != 1 {
		t.Errorf("sequence %d in a new boot, want 1", status.Sequence)
	}
}

func TestShrink(t *testing.T) {
	now := metav1.Now()
	status := report(v1alpha1.SeverityFatal, strings.Repeat("r", maxReason))
	for i := range v1alpha1.MaxDevices {
		d := v1alpha1.DeviceStatus{UUID: fmt.Sprintf("GPU-%032d", i), Model: "NVIDIA H100 80GB HBM3", Severity: v1alpha1.SeverityFatal}
		for j := range maxHolders {
			d.AllocatedTo = append(d.AllocatedTo, v1alpha1.DeviceHolder{Namespace: "team", Pod: fmt.Sprintf("a-pod-with-a-long-name-%d", j), UID: strings.Repeat("u", 36), Container: "main"})
			d.Findings = append(d.Findings, v1alpha1.HardwareFinding{Rule: "a-rule-with-a-name", Severity: v1alpha1.SeverityFatal, Since: &now})
		}
		status.Devices = append(status.Devices, d)
	}
	for i := range v1alpha1.MaxFaults {
		severity := v1alpha1.SeverityHealthy
		if i == 0 {
			severity = v1alpha1.SeverityFatal
		}
		status.Faults = append(status.Faults, v1alpha1.HardwareFault{FirstTime: &now, Rule: fmt.Sprint("rule-", i), Severity: severity, Owners: []string{strings.Repeat("o", 300)}})
	}
	whole := status.DeepCopy()
	Shrink(whole, 1<<20)
	if len(whole.Faults) != v1alpha1.MaxFaults {
		t.Error("shrank what fits")
	}
	half := status.DeepCopy()
	half.Devices = half.Devices[:2]
	Shrink(half, v1alpha1.MaxNodeHardwareBytes)
	if n := len(half.Faults); n == 0 || n == v1alpha1.MaxFaults || half.Faults[0].Severity != v1alpha1.SeverityFatal {
		t.Errorf("%d faults are left, the first %+v; the fatal one should stay longest", n, half.Faults[0].Severity)
	}
	Shrink(&status, v1alpha1.MaxNodeHardwareBytes)
	content, err := json.Marshal(&status)
	if err != nil || len(content) > v1alpha1.MaxNodeHardwareBytes || len(status.Devices) != v1alpha1.MaxDevices {
		t.Errorf("%d bytes, %d devices: %v", len(content), len(status.Devices), err)
	}
}
