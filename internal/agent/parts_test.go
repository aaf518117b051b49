package agent

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	testclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/kmsg"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func policy(name string, rules ...v1alpha1.HardwareRule) *v1alpha1.HardwarePolicy {
	return &v1alpha1.HardwarePolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 3}, Spec: v1alpha1.HardwarePolicySpec{Rules: rules}}
}

func sternRule() v1alpha1.HardwareRule {
	return v1alpha1.HardwareRule{
		Name: "stern", Kind: v1alpha1.EventXid, Codes: []int32{109}, ClearOn: v1alpha1.ClearReset, ClearAfterSeconds: ptr.To(int32(0)),
		Outcome: &v1alpha1.HardwareOutcome{Severity: v1alpha1.SeverityFatal, Class: v1alpha1.ClassHardware, Action: "ResetDevice", Advice: "no chances"},
	}
}

func TestPolicyFor(t *testing.T) {
	p, err := PolicyFor(policy("p", sternRule()))
	if err != nil {
		t.Fatal(err)
	}
	if p.Rules[0].Name != "stern" || p.Rules[0].Outcome.Action != hardware.ActionResetDevice || len(p.Rules) < 40 {
		t.Errorf("merged policy %+v", p.Rules[0])
	}
	broken := sternRule()
	broken.Kind, broken.Codes, broken.When = "", nil, "temperature > 3"
	if _, err := PolicyFor(policy("p", broken)); err == nil || !strings.Contains(err.Error(), "did you mean temperature_celsius") {
		t.Errorf("a broken expression: %v", err)
	}
}

func TestChoosePolicy(t *testing.T) {
	with := func(name string, priority int32, labels map[string]string) v1alpha1.HardwarePolicy {
		p := *policy(name)
		p.Spec.Priority = &priority
		if labels != nil {
			p.Spec.NodeSelector = &metav1.LabelSelector{MatchLabels: labels}
		}
		return p
	}
	all := []v1alpha1.HardwarePolicy{with("b", 0, nil), with("a", 0, nil), with("h100", 5, map[string]string{"gpu": "h100"}), with("low", -5, nil)}
	for gpu, want := range map[string]string{"h100": "h100", "t4": "a"} {
		chosen, err := ChoosePolicy(all, map[string]string{"gpu": gpu})
		if err != nil || chosen.Name != want {
			t.Errorf("for %s: %v, %v, want %s", gpu, chosen, err, want)
		}
	}
	if chosen, err := ChoosePolicy(nil, nil); chosen != nil || err != nil {
		t.Errorf("no policy: %v, %v", chosen, err)
	}
}

func TestPolicyInForce(t *testing.T) {
	core, err := NewCore(hardware.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	snap := &Snapshot{Sample: hardware.Sample{Time: noon, BootID: "b"}}
	inForce := func() v1alpha1.PolicyInForce { return *core.Take(snap).Status.Policy }
	if diff := cmp.Diff(v1alpha1.PolicyInForce{Name: BuiltIn}, inForce()); diff != "" {
		t.Error(diff)
	}
	if err := core.SetPolicy(policy("mine", sternRule())); err != nil {
		t.Fatal(err)
	}
	broken := sternRule()
	broken.Outcome.Action = "Explode"
	if err := core.SetPolicy(policy("mine", broken)); err == nil {
		t.Error("a broken policy was taken")
	}
	if got := inForce(); got.Name != "mine" || got.Generation != 3 || !strings.Contains(got.Problem, "Explode") {
		t.Errorf("in force: %+v", got)
	}
	if err := core.SetPolicy(nil); err != nil || inForce().Name != BuiltIn {
		t.Errorf("after its deletion: %v, %+v", err, inForce())
	}
}

// TestKernelLog: what both NVML and the kernel's log tell counts once, and what
// only the log knows is heard.
func TestKernelLog(t *testing.T) {
	core, err := NewCore(hardware.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	snap := &Snapshot{
		Sample:   hardware.Sample{Time: noon, BootID: "b", Devices: []hardware.DeviceSample{{UUID: "GPU-0", Serial: "1", Readable: true, Owners: []string{"a/job"}}}},
		Readings: []nvml.Reading{{Identity: nvml.Identity{UUID: "GPU-0", PCI: "0000:18:00.0"}, Readable: true}},
	}
	core.Take(snap)
	booted := noon.Add(-time.Hour)
	message := func(code int, before time.Duration, hint hardware.Hint) kmsg.Message {
		return kmsg.Message{Kind: hardware.Xid, Code: code, PCI: "0000:18:00.0", SinceBoot: time.Hour - before, Hint: hint}
	}
	core.Event(nvml.Event{Time: noon, Kind: nvml.EventXid, UUID: "GPU-0", Data: 48})
	if core.Messages([]kmsg.Message{message(48, 0, hardware.HintNone)}, booted) {
		t.Error("an echo is news")
	}
	if !core.Messages([]kmsg.Message{message(63, 30*time.Minute, hardware.HintNone), message(149, time.Minute, hardware.HintFatal), {Kind: hardware.SXid, Code: 12028, SinceBoot: time.Hour, Hint: hardware.HintFatal}}, booted) {
		t.Error("what happened while the agent was down was not heard")
	}
	var got []string
	for _, f := range core.Faults() {
		got = append(got, string(f.Kind)+" "+f.Rule)
		if f.Count != 1 {
			t.Errorf("%s counts %d times", f.Rule, f.Count)
		}
		if f.Code == 63 && f.Owners != nil {
			t.Errorf("half an hour ago somebody else may have held it: %+v", f)
		}
	}
	slices.Sort(got)
	want := []string{"SXid sxid-fatal", "Xid xid-double-bit-ecc", "Xid xid-nvlink5-fatal", "Xid xid-row-remap"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// TestKernelLogAfterRestart: the log still holds what an earlier life heard, and
// what was cured since then stays cured.
func TestKernelLogAfterRestart(t *testing.T) {
	core, err := NewCore(hardware.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	heartbeat := metav1.NewTime(noon)
	core.Restore(&v1alpha1.NodeHardwareStatus{BootID: "b", HeartbeatTime: &heartbeat})
	snap := &Snapshot{
		Sample:   hardware.Sample{Time: noon.Add(time.Minute), BootID: "b", Devices: []hardware.DeviceSample{{UUID: "GPU-0", Epoch: "1", Readable: true}}},
		Readings: []nvml.Reading{{Identity: nvml.Identity{UUID: "GPU-0", PCI: "0000:18:00.0"}, Readable: true}},
	}
	core.Take(snap)
	xid := func(code int, at time.Duration) kmsg.Message {
		return kmsg.Message{Kind: hardware.Xid, Code: code, PCI: "0000:18:00.0", SinceBoot: time.Hour + at}
	}
	if core.Messages([]kmsg.Message{xid(95, -30*time.Minute), xid(119, 0)}, noon.Add(-time.Hour)) {
		t.Error("what was published is news")
	}
	if !core.Messages([]kmsg.Message{xid(63, 30*time.Second)}, noon.Add(-time.Hour)) {
		t.Error("what happened since is none")
	}
	snap.Sample.BootID = "c"
	if !core.Messages([]kmsg.Message{xid(95, -30*time.Minute)}, noon.Add(-time.Hour)) {
		t.Error("in another boot everything is")
	}
}

func TestStatusRemembersFaults(t *testing.T) {
	faults := []hardware.Fault{
		{
			First: noon, Last: noon.Add(time.Minute), BootID: "b", Kind: hardware.Xid, Code: 31, Hint: hardware.HintNone, Rule: "xid-provokable", Device: "GPU-0",
			Serial: "1", Epoch: "2", Owners: []string{"a/job"}, Count: 3, Severity: hardware.Healthy, Class: hardware.ClassApplication, Action: hardware.ActionRestartJob,
		},
		{First: noon, Last: noon, BootID: "a", Rule: "gpu-lost", Device: "GPU-0", Epoch: "0", Count: 1, Severity: hardware.Fatal, Class: hardware.ClassHardware, Action: hardware.ActionRebootNode},
	}
	status := StatusOf(&hardware.Assessment{Time: noon, BootID: "b", Worst: hardware.Verdict{Severity: hardware.Fatal, Action: hardware.ActionRebootNode}}, &Snapshot{}, faults)
	if diff := cmp.Diff(faults, FaultsOf(&status)); diff != "" {
		t.Errorf("a fault changed on its way (-want +got):\n%s", diff)
	}
}

func TestRecording(t *testing.T) {
	var tape bytes.Buffer
	r := NewRecorder(&tape)
	sample := hardware.Sample{Time: noon, BootID: "b", Devices: []hardware.DeviceSample{{UUID: "GPU-0", Serial: "1", Epoch: "0", Readable: true, Owners: []string{"a/job"}}}}
	sample.Devices[0].Vars.Set(hardware.VarTemperature, 61)
	sample.Node.SetFlag(hardware.VarDriverUp, true)
	r.Sample(&sample)
	core, err := NewCore(hardware.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	core.Heard = r.Event
	xid31 := func(owner string, at time.Duration) {
		sample.Time, sample.Devices[0].Owners = noon.Add(at), []string{owner}
		r.Sample(&sample)
		core.Take(&Snapshot{Sample: sample})
		core.Event(nvml.Event{Time: noon.Add(at), Kind: nvml.EventXid, UUID: "GPU-0", Data: 31})
	}
	xid31("a/job", time.Second)
	xid31("b/job", time.Hour) // another owner: the tape must know
	core.Event(nvml.Event{Time: noon.Add(time.Hour), Kind: nvml.EventXid, UUID: "GPU-0", Data: 79})
	sample.Time = noon.Add(time.Hour + 5*time.Second)
	r.Sample(&sample)
	var nobody *Recorder
	nobody.Sample(&sample) // records nothing

	var problem error
	statements, err := hardware.Replay(hardware.Defaults(), ReadRecords(bytes.NewReader(tape.Bytes()), &problem))
	if n := len(statements); err != nil || problem != nil || n == 0 || statements[n-1].To.Action != hardware.ActionPowerCycle {
		t.Errorf("replayed %v, %v, %v", statements, err, problem)
	}
	lenient := hardware.Merge(hardware.Defaults(), hardware.Policy{Name: "lenient", Rules: []hardware.Rule{{
		Name: "ignored", Kind: hardware.Xid, Codes: []int{79}, ClearOn: hardware.ClearQuiet,
		Outcome: hardware.Outcome{Severity: hardware.Healthy, Class: hardware.ClassInformational, Action: hardware.ActionCount, Advice: "not now"},
	}}})
	statements, err = hardware.Replay(lenient, ReadRecords(bytes.NewReader(tape.Bytes()), &problem))
	if n := len(statements); err != nil || n == 0 || statements[n-1].To.Action != hardware.ActionRunDiagnostics {
		t.Errorf("of two owners a policy that ignores Xid 79 says %v, %v", statements, err)
	}
	for _, bad := range []string{"garbage", `{"time":"2026-03-01T12:00:00Z","node":{"weather":1}}`} {
		for range ReadRecords(strings.NewReader(bad), &problem) {
		}
		if problem == nil || !strings.Contains(problem.Error(), "line 1") {
			t.Errorf("reading %q: %v", bad, problem)
		}
	}
}

type stubAuthorizer struct {
	asked int
	err   error
}

func (s *stubAuthorizer) Reviews(_ context.Context, token, _ string) (bool, error) {
	s.asked++
	return token == "good", s.err
}

func TestGuard(t *testing.T) {
	authorizer, c := &stubAuthorizer{}, testclock.NewFakeClock(noon)
	guard := &Guard{Authorizer: authorizer, Clock: c}
	handler := guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metrics")) }))
	get := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	for token, want := range map[string]int{"": 401, "good": 200, "bad": 403} {
		if got := get(token); got != want {
			t.Errorf("token %q: %d, want %d", token, got, want)
		}
	}
	asked := authorizer.asked
	get("good")
	if authorizer.asked != asked {
		t.Error("the same token was asked about twice within a minute")
	}
	c.Step(2 * time.Minute)
	authorizer.err = errors.New("gone")
	if got := get("good"); got != 503 {
		t.Errorf("without an API server: %d, want 503", got)
	}
}

func TestControl(t *testing.T) {
	folder := t.TempDir()
	devices := &releasable{events: make(chan string, 4)}
	c := testclock.NewFakeClock(noon)
	control := &Control{Devices: devices, Clock: c}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, folder) }()
	ask := func(request string) (string, error) {
		for {
			answer, err := AskAgent(t.Context(), folder, request)
			if err == nil || !strings.Contains(err.Error(), "no agent answers") {
				return answer, err
			}
		}
	}
	if _, err := ask("/release?for=99h"); err == nil || !strings.Contains(err.Error(), "from 1s to 1h") {
		t.Errorf("99 hours: %v", err)
	}
	if _, err := ask("/release?for=5m"); err != nil || <-devices.events != "release" {
		t.Errorf("release: %v", err)
	}
	c.Step(5 * time.Minute)
	if <-devices.events != "resume" {
		t.Error("not taken up again")
	}
	if _, err := ask("/resume"); err != nil || <-devices.events != "resume" {
		t.Errorf("resume: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

type releasable struct {
	nvml.Null
	events chan string
}

func (r *releasable) Release() { r.events <- "release" }
func (r *releasable) Resume()  { r.events <- "resume" }

func TestOneAgentANode(t *testing.T) {
	folder := t.TempDir()
	first, err := Lock(t.Context(), folder, clock.RealClock{}, func() { t.Error("waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan struct{})
	second := make(chan error, 1)
	go func() {
		file, err := Lock(t.Context(), folder, clock.RealClock{}, func() { close(waiting) })
		if err == nil {
			err = file.Close()
		}
		second <- err
	}()
	<-waiting
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
}
