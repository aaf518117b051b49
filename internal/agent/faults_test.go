//go:build cgo

package agent

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"k8s.io/utils/clock"
	testclock "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/internal/procfs"
	"github.com/trainyard/trainyard/pkg/hardware"
	"github.com/trainyard/trainyard/test/fakenvml"
)

var library = sync.OnceValues(func() (string, error) { return fakenvml.Build(context.Background(), fakenvml.Current) })

// stubHost is a host that a test writes.
type stubHost struct {
	reading procfs.Reading
	gone    map[string]bool
}

func (h *stubHost) Read(time.Time, bool) procfs.Reading { return h.reading }

func (h *stubHost) PCIPresent(address string) (present, known bool) { return !h.gone[address], true }

// stubPods says who holds the devices.
type stubPods struct {
	claims []podresources.Claim
	err    error
}

func (p *stubPods) List(context.Context) ([]podresources.Claim, error) { return p.claims, p.err }

type stubProber struct{ err error }

func (p *stubProber) Probe(context.Context, nvml.Identity) error { return p.err }

// bench is an agent's inside on the fake library, with a clock of its own.
type bench struct {
	*testing.T
	scenario *fakenvml.Scenario
	clock    *testclock.FakeClock
	host     *stubHost
	pods     *stubPods
	prober   *stubProber
	sampler  *Sampler
	core     *Core
	metrics  *Metrics
	registry *prometheus.Registry
	events   chan nvml.Event
	expected *int32
	report   *Report
}

func newBench(t *testing.T, profile string, gpus int) *bench {
	t.Helper()
	return newBenchWaiting(t, profile, gpus, 5*time.Second)
}

// newBenchWaiting is a bench that waits so long for a device that hangs.
func newBenchWaiting(t *testing.T, profile string, gpus int, timeout time.Duration) *bench {
	t.Helper()
	path, err := library()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{
		T: t, scenario: fakenvml.NewScenario(filepath.Join(t.TempDir(), "scenario"), profile, gpus),
		clock: testclock.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), host: &stubHost{gone: map[string]bool{}},
		pods: &stubPods{}, prober: &stubProber{}, registry: prometheus.NewRegistry(), events: make(chan nvml.Event, 16),
	}
	b.host.reading.BootID = "boot-1"
	t.Setenv(fakenvml.EnvScenario, b.scenario.Path())
	b.metrics = NewMetrics(b.registry, "node-1", true)
	session := nvml.New(nvml.Options{Library: path, Timeout: timeout, Event: func(e nvml.Event) { b.events <- e }}, clock.RealClock{})
	t.Cleanup(session.Close)
	b.sampler = &Sampler{Devices: session, Host: b.host, Pods: b.pods, Prober: b.prober, Clock: b.clock, ResetsKnown: true}
	if b.core, err = NewCore(hardware.Defaults()); err != nil {
		t.Fatal(err)
	}
	b.play()
	b.look()
	return b
}

func (b *bench) play() {
	b.Helper()
	if err := b.scenario.Write(); err != nil {
		b.Fatal(err)
	}
}

// look takes a look after 5 s of the bench's time.
func (b *bench) look() *Report {
	b.clock.Step(5 * time.Second)
	b.report = b.core.Take(b.sampler.Look(b.Context(), true, b.expected))
	b.metrics.Show(b.report)
	return b.report
}

func (b *bench) pass(span time.Duration) {
	for range int(span / (5 * time.Second)) {
		b.look()
	}
}

// event waits for the library's event and judges it at once.
func (b *bench) event() {
	b.Helper()
	select {
	case e := <-b.events:
		e.Time = b.clock.Now()
		b.report = b.core.Event(e)
		if b.report != nil {
			b.metrics.Show(b.report)
		}
	case <-time.After(10 * time.Second):
		b.Fatal("the library sent no event")
	}
}

type conclusion struct {
	severity hardware.Severity
	action   hardware.Action
	rule     string
}

// expect checks verdict, status and metric of one device.
func (b *bench) expect(device int, want conclusion) {
	b.Helper()
	d := b.report.Assessment.Devices[device]
	if got := (conclusion{d.Verdict.Severity, d.Verdict.Action, d.Verdict.Rule}); got != want {
		b.Errorf("verdict = %+v (%s), want %+v", got, d.Verdict.Reason, want)
	}
	s := b.report.Status.Devices[device]
	if s.Severity != v1alpha1.HardwareSeverity(want.severity) || s.RecommendedAction != v1alpha1.HardwareAction(want.action) {
		b.Errorf("status says %s, %s, want %+v", s.Severity, s.RecommendedAction, want)
	}
	healthy := s.Conditions[0]
	if (healthy.Status == "True") != (want.severity == hardware.Healthy) {
		b.Errorf("condition %+v, want severity %s", healthy, want.severity)
	}
	series := fmt.Sprintf("severity=%q,uuid=%q} 1", want.severity, d.UUID)
	if text := b.scrape(); !strings.Contains(text, series) || !strings.Contains(text, fmt.Sprintf("trainyard_gpu_severity{action=%q", want.action)) {
		b.Errorf("no metric with %s", series)
	}
}

func (b *bench) scrape() string {
	b.Helper()
	text, err := testutil.CollectAndFormat(b.metrics, expfmt.TypeTextPlain, "trainyard_gpu_severity")
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// TestFaultTableThroughTheLibrary walks the fault table: signal → verdict →
// status → metric.
func TestFaultTableThroughTheLibrary(t *testing.T) {
	fatal := func(action hardware.Action, rule string) conclusion { return conclusion{hardware.Fatal, action, rule} }
	degraded := func(action hardware.Action, rule string) conclusion {
		return conclusion{hardware.Degraded, action, rule}
	}
	healthy := func(action hardware.Action, rule string) conclusion {
		return conclusion{hardware.Healthy, action, rule}
	}
	tests := []struct {
		line, profile string
		set           map[string]string
		hold          time.Duration
		want          conclusion
	}{
		{"GPU is lost", "H100", map[string]string{"lost": "1"}, 0, fatal(hardware.ActionRebootNode, "gpu-lost")},
		{"every call fails", "H100", map[string]string{"failing": "1"}, 70 * time.Second, fatal(hardware.ActionResetDevice, "gpu-failing")},
		{"double-bit ECC", "H100", map[string]string{"ecc_uncorrected": "1"}, 0, fatal(hardware.ActionResetDevice, "ecc-uncorrected")},
		{"row remap pending", "A100", map[string]string{"remap_pending": "1"}, 0, degraded(hardware.ActionResetWhenIdle, "row-remap-pending")},
		{"row remap failure", "H200", map[string]string{"remap_failed": "1"}, 0, fatal(hardware.ActionReplaceDevice, "row-remap-failed")},
		{"512 remaps", "B200", map[string]string{"remap_uncorrectable": "512"}, 0, fatal(hardware.ActionReplaceDevice, "rows-exhausted")},
		{"63 retired pages", "T4", map[string]string{"retired": "63"}, 0, fatal(hardware.ActionReplaceDevice, "pages-exhausted")},
		{"page retirement pending", "T4", map[string]string{"retirement_pending": "1"}, 0, degraded(hardware.ActionResetWhenIdle, "page-retirement-pending")},
		{"SRAM threshold", "H100", map[string]string{"sram_exceeded": "1"}, 0, fatal(hardware.ActionReplaceDevice, "sram-threshold")},
		{"NVLink inactive", "H100", map[string]string{"links_down": "1"}, 40 * time.Second, fatal(hardware.ActionResetDevice, "nvlink-inactive")},
		{"NVLink CRC", "H100", map[string]string{"link_crc": "0+99999999"}, 20 * time.Second, healthy(hardware.ActionObserve, "nvlink-crc")},
		{"NVLink replay", "H100", map[string]string{"link_replays": "0+99999999"}, 20 * time.Second, healthy(hardware.ActionObserve, "nvlink-replay")},
		{"NVLink recovery", "H100", map[string]string{"link_recoveries": "0+99999999"}, 20 * time.Second, healthy(hardware.ActionObserve, "nvlink-recovery")},
		{"PCIe replays Gen4", "A100", map[string]string{"pcie_replays": "0+999999"}, 7 * time.Minute, healthy(hardware.ActionObserve, "pcie-replays")},
		{"PCIe replays Gen5", "H100", map[string]string{"pcie_replays": "0+999999"}, 7 * time.Minute, healthy(hardware.ActionObserve, "pcie-replays-gen5")},
		{"PCIe width", "H100", map[string]string{"pcie_width": "8"}, 6 * time.Minute, degraded(hardware.ActionCheckMechanics, "pcie-width")},
		{"thermal margin", "H100", map[string]string{"margin": "-3"}, 70 * time.Second, fatal(hardware.ActionInspectHardware, "thermal-margin")},
		{"thermal margin of a model that has none", "A100", map[string]string{"temperature": "90"}, 70 * time.Second, fatal(hardware.ActionInspectHardware, "thermal-margin")},
		{"core above GPU_MAX", "H100", map[string]string{"temperature": "88", "margin": "0"}, 70 * time.Second, degraded(hardware.ActionInspectHardware, "core-hot")},
		{"memory above MEM_MAX", "H100", map[string]string{"memory_temperature": "96"}, 70 * time.Second, degraded(hardware.ActionInspectHardware, "memory-hot")},
		{"hardware slowdown", "H100", map[string]string{"reasons": "0x8"}, 370 * time.Second, degraded(hardware.ActionInspectHardware, "hardware-slowdown")},
		{"power brake", "H100", map[string]string{"reasons": "0x80"}, 20 * time.Second, degraded(hardware.ActionInspectHardware, "power-brake")},
		{"software power cap", "H100", map[string]string{"reasons": "0x4"}, 0, healthy(hardware.ActionCount, "power-cap")},
		{"driver: reset", "H100", map[string]string{"recovery_action": "1"}, 0, fatal(hardware.ActionResetDevice, "driver-recovery-action")},
		{"driver: reboot", "H100", map[string]string{"recovery_action": "2"}, 0, fatal(hardware.ActionRebootNode, "driver-recovery-action")},
		{"driver: drain P2P", "H100", map[string]string{"recovery_action": "3"}, 0, degraded(hardware.ActionDrainPeerToPeer, "driver-recovery-action")},
		{"driver: drain and reset", "H100", map[string]string{"recovery_action": "4"}, 0, degraded(hardware.ActionResetWhenIdle, "driver-recovery-action")},
		{"driver: IMEX", "B200", map[string]string{"recovery_action": "5"}, 0, degraded(hardware.ActionRecoverIMEX, "driver-recovery-action")},
		{"driver: bus reset", "B200", map[string]string{"recovery_action": "6"}, 0, fatal(hardware.ActionResetBus, "driver-recovery-action")},
		{"driver: system reboot", "B200", map[string]string{"recovery_action": "7"}, 0, fatal(hardware.ActionRebootNode, "driver-recovery-action")},
		{"driver: unknown wish", "B200", map[string]string{"recovery_action": "77"}, 0, healthy(hardware.ActionNone, "")},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			b := newBench(t, tt.profile, 2)
			b.expect(1, healthy(hardware.ActionNone, ""))
			for key, text := range tt.set {
				b.scenario.GPU(1, key, text)
			}
			b.play()
			b.pass(max(tt.hold, 10*time.Second))
			b.expect(1, tt.want)
			if b.report.Assessment.Devices[0].Verdict.Severity != hardware.Healthy {
				t.Errorf("its neighbour is %+v", b.report.Assessment.Devices[0].Verdict)
			}
		})
	}
}

func TestXidsThroughTheLibrary(t *testing.T) {
	b := newBench(t, "H100", 1)
	b.pods.claims = []podresources.Claim{{Resource: "nvidia.com/gpu", Device: b.report.Snapshot.Readings[0].UUID, Holder: podresources.Holder{Namespace: "a", Pod: "job-0", Container: "c", UID: "u"}}}
	b.look()
	for _, tt := range []struct {
		code int
		want conclusion
	}{
		{43, conclusion{hardware.Healthy, hardware.ActionNone, "xid-application-exit"}},
		{45, conclusion{hardware.Healthy, hardware.ActionFollowRelated, "xid-secondary"}},
		{31, conclusion{hardware.Healthy, hardware.ActionRestartJob, "xid-provokable"}},
		{63, conclusion{hardware.Degraded, hardware.ActionResetWhenIdle, "xid-row-remap"}},
		{54, conclusion{hardware.Degraded, hardware.ActionCheckMechanics, "xid-auxiliary-power"}},
		{48, conclusion{hardware.Fatal, hardware.ActionResetDevice, "xid-double-bit-ecc"}},
		{79, conclusion{hardware.Fatal, hardware.ActionPowerCycle, "xid-fallen-off-the-bus"}},
	} {
		b.scenario.Xid(0, tt.code)
		b.play()
		b.event()
		b.expect(0, tt.want)
		d := b.report.Status.Devices[0]
		if d.LastXid == nil || d.LastXid.Code != int32(tt.code) || d.AllocatedTo[0].UID != "u" {
			t.Errorf("status of Xid %d: last %+v, held by %+v", tt.code, d.LastXid, d.AllocatedTo)
		}
	}
	if n := len(b.report.Status.Faults); n != 7 || b.report.Status.Faults[0].Owners[0] != "a/job" {
		t.Errorf("record %+v", b.report.Status.Faults)
	}
}

func TestStuckCallThroughTheLibrary(t *testing.T) {
	for _, tt := range []struct {
		name  string
		probe error
		want  conclusion
	}{
		{"another process hangs too", context.DeadlineExceeded, conclusion{hardware.Fatal, hardware.ActionRebootNode, "driver-call-stuck"}},
		{"another process reads it", nil, conclusion{hardware.Degraded, hardware.ActionRestartAgent, "driver-call-stuck-in-agent"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBenchWaiting(t, "H100", 2, 200*time.Millisecond)
			b.prober.err = tt.probe
			b.scenario.Hang("nvmlDeviceGetPowerUsage", 1)
			b.play()
			for range 40 { // the probe answers from a goroutine of its own
				if b.look(); b.report.Assessment.Devices[1].Verdict.Rule == tt.want.rule {
					break
				}
			}
			b.expect(1, tt.want)
			b.scenario.Release("nvmlDeviceGetPowerUsage")
			b.play()
			for range 40 {
				if b.look(); b.report.Assessment.Devices[1].Verdict.Severity == hardware.Healthy {
					return
				}
			}
			t.Errorf("the verdict stays: %+v", b.report.Assessment.Devices[1].Verdict)
		})
	}
}

func TestFallenOffTheBusWhileACallHangs(t *testing.T) {
	b := newBenchWaiting(t, "H100", 2, 200*time.Millisecond)
	b.host.gone[b.report.Snapshot.Readings[1].PCI] = true
	b.scenario.Hang("nvmlDeviceGetPowerUsage", 1)
	b.play()
	b.pass(15 * time.Second)
	b.expect(1, conclusion{hardware.Fatal, hardware.ActionRebootNode, "gpu-lost"})
	b.scenario.Release("nvmlDeviceGetPowerUsage")
	b.play()
}

func TestDriverUpgradeCondemnsNobody(t *testing.T) {
	b := newBench(t, "H100", 4)
	b.scenario.Line("down", "")
	b.play()
	b.pass(8 * time.Minute)
	if v := b.report.Assessment.Worst; v.Severity == hardware.Fatal || v.Severity == hardware.Degraded {
		t.Errorf("during a driver upgrade: %+v", v)
	}
	if b.report.Status.Mode != v1alpha1.ModeDriverDown {
		t.Errorf("mode %s", b.report.Status.Mode)
	}
	b.scenario.Remove("down").Line("driver", "590.10")
	b.play()
	b.pass(10 * time.Second)
	if v := b.report.Assessment.Worst; v.Severity != hardware.Healthy || b.report.Status.DriverVersion != "590.10" {
		t.Errorf("after the upgrade: %+v, driver %s", v, b.report.Status.DriverVersion)
	}
	b.scenario.Line("down", "")
	b.play()
	b.pass(25 * time.Minute)
	if v := b.report.Assessment.Worst; v.Rule != "driver-down" {
		t.Errorf("a driver that stays away: %+v", v)
	}
}

func TestMissingDevice(t *testing.T) {
	b := newBench(t, "H100", 4)
	uuid := b.report.Snapshot.Readings[2].UUID
	b.scenario.GPU(2, "absent", "1")
	b.play()
	b.pass(2 * time.Minute)
	if v := b.report.Assessment.Node; v.Rule != "gpu-missing" || v.Severity != hardware.Fatal {
		t.Errorf("node verdict %+v", v)
	}
	three := int32(3)
	b.expected = &three // the operator acknowledges the removal
	b.pass(10 * time.Second)
	if v := b.report.Assessment.Worst; v.Severity != hardware.Healthy || len(b.report.Status.Devices) != 3 {
		t.Errorf("after it was acknowledged: %+v, %d devices", v, len(b.report.Status.Devices))
	}
	for _, d := range b.report.Status.Devices {
		if d.UUID == uuid {
			t.Error("the removed device is still listed")
		}
	}
}

func TestMIGChangeIsMaintenance(t *testing.T) {
	b := newBench(t, "A100", 2)
	b.scenario.GPU(0, "mig", "1")
	b.play()
	b.look()
	if maintenance, _ := b.report.Snapshot.Sample.Node.Get(hardware.VarMaintenance); maintenance != 1 {
		t.Error("a MIG change is no maintenance")
	}
	part := b.report.Snapshot.Readings[0].Instances[3].UUID
	b.pods.claims = []podresources.Claim{{Device: part, Holder: podresources.Holder{Namespace: "a", Pod: "mig-0", Container: "c"}}}
	b.look()
	if held := b.report.Status.Devices[0].AllocatedTo; len(held) != 1 || held[0].Pod != "mig-0" {
		t.Errorf("a part's holder: %+v", held)
	}
}

func TestKubeletGone(t *testing.T) {
	b := newBench(t, "H100", 1)
	b.pods.err = context.DeadlineExceeded
	b.look()
	if len(b.report.Snapshot.Problems) != 1 || len(b.report.Status.Host.Unreadable) != 1 {
		t.Errorf("problems %v, host %+v", b.report.Snapshot.Problems, b.report.Status.Host)
	}
	if _, known := b.report.Snapshot.Sample.Devices[0].Vars.Get(hardware.VarAllocated); known {
		t.Error("without the kubelet it is not known whether a device is held")
	}
}
