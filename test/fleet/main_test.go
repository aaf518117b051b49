package fleet

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// The fleet that all tests share, in the order in which they are written: first
// it is well, then TestEveryAlertFires breaks it.
var (
	shared              *Fleet
	well, sick, noDrive *Node
)

// requireVariable makes a machine that lacks something fail rather than skip.
const requireVariable = "TRAINYARD_REQUIRE_SERVERS"

func TestMain(m *testing.M) {
	code, err := runWithFleet(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/fleet:", err)
		code = 1
	}
	os.Exit(code)
}

func runWithFleet(m *testing.M) (code int, err error) {
	if Lacking() != "" {
		return m.Run(), nil
	}
	folder, err := os.MkdirTemp("", "fleet-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	log.SetLogger(logr.Discard())
	ctx := context.Background()
	if shared, err = Start(ctx, "../..", folder); err != nil {
		return 0, err
	}
	defer func() {
		if closing := shared.Close(); err == nil {
			err = closing
		}
	}()
	if err := populate(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// populate adds nodes that are all well, and Prometheus.
func populate(ctx context.Context) error {
	// A GPU that cannot be read is Unknown at once, where a minute is the rule.
	if err := shared.Create(ctx, "{apiVersion: trainyard.dev/v1alpha1, kind: HardwarePolicy, metadata: {name: hasty}, spec: {unknownAfterSeconds: 1}}"); err != nil {
		return err
	}
	for node, spec := range map[**Node]Spec{
		&well: {Name: "gpu-well", Profile: "H100", GPUs: 4, Tenants: []Tenant{
			{Namespace: "vision", Pod: "resnet-worker-0", GPUs: []int{0, 1}}, {Namespace: "language", Pod: "gpt-worker-0", GPUs: []int{2, 3}},
		}},
		&sick:      {Name: "gpu-sick", Profile: "H200", GPUs: 4, Tenants: []Tenant{{Namespace: "language", Pod: "gpt-worker-1", GPUs: []int{0, 1, 2, 3}}}},
		&noDrive:   {Name: "gpu-driverless", Profile: "A100", GPUs: 2},
		new(*Node): {Name: "cpu-only"},
	} {
		var err error
		if *node, err = shared.AddNode(ctx, spec); err != nil {
			return err
		}
	}
	for _, n := range []*Node{well, sick} {
		if err := n.Scenario.All("utilization", "90").Write(); err != nil {
			return err
		}
	}
	return shared.StartPrometheus(ctx)
}

// needsFleet skips where no fleet could be started.
func needsFleet(t *testing.T) {
	t.Helper()
	if lacking := Lacking(); lacking != "" {
		if os.Getenv(requireVariable) != "" {
			t.Fatal(lacking)
		}
		t.Skip(lacking)
	}
}

// until waits for something that Prometheus will know.
func until(t *testing.T, what string, most time.Duration, ok func() (bool, error)) {
	t.Helper()
	pause := time.NewTicker(200 * time.Millisecond)
	defer pause.Stop()
	var last error
	for end := time.Now().Add(most); time.Now().Before(end); <-pause.C {
		done, err := ok()
		if done {
			return
		}
		last = err
	}
	t.Errorf("not within %v: %s (%v)", most, what, last)
}

// known waits until an expression has an answer.
func known(t *testing.T, expression string, most time.Duration) {
	t.Helper()
	until(t, expression, most, func() (bool, error) {
		series, err := shared.Prometheus.Query(t.Context(), expression)
		return len(series) > 0, err
	})
}
