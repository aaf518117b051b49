package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/hack/lab/internal/config"
	"github.com/trainyard/trainyard/hack/lab/internal/machine"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func testPlan(t *testing.T, nodes int) *plan.Plan {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab-") // t.TempDir is too long for a state folder
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p, err := plan.New(plan.Options{Name: "unit", StateDir: dir, Subnet: "10.250.0.0/16", Nodes: nodes, SimulatedNodes: 1, GPUs: 8,
		NodesPerRack: 1, RacksPerBlock: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanIsReadBack(t *testing.T) {
	p := testPlan(t, 2)
	if _, err := Open(p.StateDir); !errors.Is(err, ErrNone) {
		t.Errorf("error %v, want %v", err, ErrNone)
	}
	if err := save(p); err != nil {
		t.Fatal(err)
	}
	got, err := Open(p.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Options, got.Options); diff != "" {
		t.Errorf("plan (-written +read):\n%s", diff)
	}
}

func TestSimulatedNode(t *testing.T) {
	for name, tc := range map[string]struct {
		gpus   int
		taints int
	}{"with GPUs": {8, 1}, "without": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			n := simulatedNode(plan.SimulatedNode{Name: "sim-1", Block: "block-1", Rack: "rack-2", GPUs: tc.gpus})
			if n.Labels[config.LabelBlock] != "block-1" || n.Labels[config.LabelRack] != "rack-2" {
				t.Errorf("labels %v", n.Labels)
			}
			gpus := n.Status.Allocatable[gpuResource]
			if gpus.Value() != int64(tc.gpus) || len(n.Spec.Taints) != tc.taints {
				t.Errorf("%s GPUs, taints %v", gpus.String(), n.Spec.Taints)
			}
			if n.Annotations[config.SimulatedAnnotation] != config.SimulatedValue {
				t.Error("kwok will not know the node")
			}
		})
	}
}

func TestReady(t *testing.T) {
	for status, want := range map[corev1.ConditionStatus]bool{corev1.ConditionTrue: true, corev1.ConditionUnknown: false, "": false} {
		n := &corev1.Node{}
		if status != "" {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}}
		}
		if got := Ready(n); got != want {
			t.Errorf("%q: ready %t", status, got)
		}
	}
}

func TestFaultsAreReadBackAndTellWhoIsAffected(t *testing.T) {
	p := testPlan(t, 3)
	want := map[string]Faults{"node-1": {FaultSilenced}, "node-2": {FaultKilled, FaultCutAPI}}
	if err := writeFaults(p, want); err != nil {
		t.Fatal(err)
	}
	all := ReadFaults(p)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("faults (-written +read):\n%s", diff)
	}
	for name, tc := range map[string]struct {
		faults []Fault
		want   string
	}{
		"dark":            {[]Fault{FaultSilenced, FaultCut}, "node-1"},
		"without the API": {[]Fault{FaultCutAPI}, "node-2"},
		"cut":             {[]Fault{FaultCut}, ""},
	} {
		var names []string
		for _, m := range affected(p, all, tc.faults...) {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestWritableDir(t *testing.T) {
	for name, tc := range map[string]struct{ mounts, want, err string }{
		"the lowest layer": {`[{"Type":"bind","Source":"/c/1/fs","Options":["rw","rbind"]}]`, "/c/1/fs", ""},
		"one above it":     {`[{"Type":"overlay","Source":"overlay","Options":["workdir=/c/2/work","upperdir=/c/2/fs","lowerdir=/c/1/fs"]}]`, "/c/2/fs", ""},
		"a read-only view": {`[{"Type":"overlay","Source":"overlay","Options":["lowerdir=/c/1/fs"]}]`, "", "names no folder"},
		"nonsense":         {`mount -t overlay`, "", "in words unknown here"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := writableDir(tc.mounts)
			if got != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("folder %q, error %v", got, err)
			}
		})
	}
}

func TestFillLinksWhatItCan(t *testing.T) {
	p := testPlan(t, 0)
	from, to := filepath.Join(p.StateDir, "from"), filepath.Join(p.StateDir, "to")
	for _, dir := range []string{filepath.Join(from, "sub"), to} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(from, "sub", "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fill(context.Background(), from, to); err != nil {
		t.Fatal(err)
	}
	a, errA := os.Stat(filepath.Join(from, "sub", "file"))
	b, errB := os.Stat(filepath.Join(to, "sub", "file"))
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		t.Errorf("the file was copied (%v, %v)", errA, errB)
	}
}

func TestProgramsDependOnTheirOwnFiles(t *testing.T) {
	programs := func(files map[string][]byte) []machine.Program {
		return withDigests([]machine.Program{{Name: "a", Args: []string{"a", "--config=/d/a.yaml"}}, {Name: "b", Args: []string{"b"}}}, "/d", files)
	}
	before := programs(map[string][]byte{"a.yaml": []byte("1"), "c.yaml": []byte("1")})
	other := programs(map[string][]byte{"a.yaml": []byte("1"), "c.yaml": []byte("2")})
	own := programs(map[string][]byte{"a.yaml": []byte("2"), "c.yaml": []byte("1")})
	if before[0].Digest != other[0].Digest || before[0].Digest == own[0].Digest || before[1].Digest != own[1].Digest {
		t.Errorf("digests %v, %v, %v", before, other, own)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	p := testPlan(t, 0)
	c := &Cluster{Plan: p}
	if err := c.choosePorts(); err != nil {
		t.Fatal(err)
	}
	if err := c.checkPorts(); err != nil {
		t.Fatalf("with all ports free: %v", err)
	}
	again := &Cluster{Plan: p}
	if err := again.choosePorts(); err != nil || again.ports != c.ports {
		t.Errorf("ports changed from %v to %v (%v)", c.ports, again.ports, err)
	}
	defer occupy(t, c.ports.API)()
	if err := c.checkPorts(); err == nil || !strings.Contains(err.Error(), "is taken by another process") {
		t.Errorf("error %v", err)
	}
}

func occupy(t *testing.T, port int) func() {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = l.Close() }
}
