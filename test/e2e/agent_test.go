//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/fakenvml"
)

const agents = "trainyard-agent"

// fakeDriver gives every agent the fake driver library, and a scenario of its
// node's name, from the folder that all nodes share.
const fakeDriver = `[
{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--nvml-library=/fake/libnvidia-ml.so.1"},
{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": "FAKENVML_SCENARIO", "value": "/fake/$(NODE_NAME)"}},
{"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts/-", "value": {"name": "fake", "mountPath": "/fake", "readOnly": true}},
{"op": "add", "path": "/spec/template/spec/volumes/-", "value": {"name": "fake", "hostPath": {"path": "/var/lib/trainyard/shared/fakenvml"}}},
{"op": "replace", "path": "/spec/updateStrategy/rollingUpdate/maxUnavailable", "value": "100%"}]`

// Every real node says what its hardware is, goes on saying it when its agent
// dies, and says it within seconds when one of its GPUs falls off the bus.
func TestNodesSayWhatTheirHardwareIs(t *testing.T) {
	t.Cleanup(func() { reinstallAgents(t) })
	agentsAreUp(t)
	nodes := realNodes(t)
	for _, node := range nodes {
		nh := hardwareOf(t, node, time.Minute, "Healthy without GPUs", func(nh *v1alpha1.NodeHardware) bool {
			return nh.Status.Mode == v1alpha1.ModeCPU && meta.IsStatusConditionTrue(nh.Status.Conditions, v1alpha1.ConditionHealthy)
		})
		if len(nh.OwnerReferences) != 1 || nh.OwnerReferences[0].Name != node || nh.Status.HeartbeatTime == nil {
			t.Errorf("%s belongs to %v, heard of at %v", node, nh.OwnerReferences, nh.Status.HeartbeatTime)
		}
	}
	list := &v1alpha1.NodeHardwareList{}
	if err := kube.List(t.Context(), list); err != nil || len(list.Items) != len(nodes) {
		t.Errorf("%d nodes are real and %d have hardware (%v); simulated ones have none", len(nodes), len(list.Items), err)
	}
	anAgentThatDiesComesBack(t, nodes[0])
	aFaultIsSeen(t, nodes)
}

func anAgentThatDiesComesBack(t *testing.T, node string) {
	t.Helper()
	before := hardwareOf(t, node, time.Second, "there", func(*v1alpha1.NodeHardware) bool { return true })
	if _, err := lab.Kubectl(t.Context(), "-n", agents, "delete", "pod", "--field-selector=spec.nodeName="+node, "--grace-period=0", "--force"); err != nil {
		t.Fatal(err)
	}
	hardwareOf(t, node, time.Minute, "told of by a new agent", func(nh *v1alpha1.NodeHardware) bool {
		return nh.Status.BootID == before.Status.BootID && nh.Status.Sequence > before.Status.Sequence && nh.UID == before.UID
	})
}

func aFaultIsSeen(t *testing.T, nodes []string) {
	t.Helper()
	scenarios := map[string]*fakenvml.Scenario{}
	folder := shareFakeDriver(t)
	for _, node := range nodes {
		scenarios[node] = fakenvml.NewScenario(filepath.Join(folder, node), "H100", 2)
		play(t, scenarios[node])
	}
	if _, err := lab.Kubectl(t.Context(), "-n", agents, "patch", "daemonset", "trainyard-agent", "--type=json", "-p", fakeDriver); err != nil {
		t.Fatal(err)
	}
	agentsAreUp(t)
	for _, node := range nodes {
		hardwareOf(t, node, time.Minute, "Healthy with two GPUs", func(nh *v1alpha1.NodeHardware) bool {
			s := nh.Status.Summary
			return nh.Status.Mode == v1alpha1.ModeGPU && s != nil && s.Healthy != nil && *s.Healthy == 2
		})
	}
	play(t, scenarios[nodes[0]].Xid(1, 79))
	begin := time.Now()
	nh := hardwareOf(t, nodes[0], 30*time.Second, "Fatal", func(nh *v1alpha1.NodeHardware) bool {
		return nh.Status.Summary.Severity == v1alpha1.SeverityFatal
	})
	t.Logf("an Xid of the driver was in the status %.1f s later: %s", time.Since(begin).Seconds(), nh.Status.Summary.Reason)
	gpu := nh.Status.Devices[1]
	if gpu.RecommendedAction != "PowerCycle" || gpu.LastXid == nil || gpu.LastXid.Code != 79 || nh.Status.Devices[0].Severity != v1alpha1.SeverityHealthy {
		t.Errorf("the GPU is %s, %s, last Xid %+v; its neighbour is %s", gpu.Severity, gpu.RecommendedAction, gpu.LastXid, nh.Status.Devices[0].Severity)
	}
	if table, err := lab.Kubectl(t.Context(), "get", "nh"); err == nil {
		t.Logf("kubectl get nh\n%s", table)
	}
	for _, node := range nodes[1:] {
		hardwareOf(t, node, time.Second, "Healthy as before", func(nh *v1alpha1.NodeHardware) bool {
			return nh.Status.Summary.Severity == v1alpha1.SeverityHealthy
		})
	}
}

// shareFakeDriver puts the fake library where every node finds it, and returns
// the folder as this machine sees it.
func shareFakeDriver(t *testing.T) string {
	t.Helper()
	library, err := fakenvml.Build(t.Context(), fakenvml.Current)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(filepath.Dir(lab.Kubeconfig()), "shared", "fakenvml")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.WriteFile(filepath.Join(folder, "libnvidia-ml.so.1"), content, 0o755); err != nil { //nolint:gosec // a library is read by everybody
		t.Fatal(err)
	}
	return folder
}

func play(t *testing.T, s *fakenvml.Scenario) {
	t.Helper()
	if err := s.Write(); err != nil {
		t.Fatal(err)
	}
}

func agentsAreUp(t *testing.T) {
	t.Helper()
	if _, err := lab.Kubectl(t.Context(), "-n", agents, "rollout", "status", "daemonset/trainyard-agent", "--timeout=120s"); err != nil {
		describeAgents(t)
		t.Fatal(err)
	}
}

// reinstallAgents leaves the nodes as they were: without GPUs, and without a
// record of having had some.
func reinstallAgents(t *testing.T) {
	for _, args := range [][]string{
		{"-n", agents, "delete", "daemonset", "trainyard-agent", "--cascade=foreground", "--timeout=60s"},
		{"delete", "nodehardwares", "--all"},
		{"apply", "--server-side", "--force-conflicts", "-k", "config/default"},
	} {
		if _, err := lab.Kubectl(context.Background(), args...); err != nil {
			t.Error(err)
		}
	}
}

func realNodes(t *testing.T) []string {
	t.Helper()
	list := &corev1.NodeList{}
	if err := kube.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range list.Items {
		if list.Items[i].Labels["type"] != "kwok" {
			names = append(names, list.Items[i].Name)
		}
	}
	if len(names) == 0 {
		t.Skip("the lab has no real node")
	}
	return names
}

// hardwareOf looks at a node's hardware until it is as wanted.
func hardwareOf(t *testing.T, node string, within time.Duration, what string, is func(*v1alpha1.NodeHardware) bool) *v1alpha1.NodeHardware {
	t.Helper()
	nh := &v1alpha1.NodeHardware{}
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		err := kube.Get(t.Context(), client.ObjectKey{Name: node}, nh)
		if err == nil && is(nh) {
			return nh
		}
		if time.Now().After(deadline) {
			describeAgents(t)
			t.Fatalf("the hardware of %s is not %s within %s: %s (%v)", node, what, within, summaryOf(nh), err)
		}
	}
}

func summaryOf(nh *v1alpha1.NodeHardware) string {
	if nh.Status.Summary == nil {
		return "no report"
	}
	return fmt.Sprintf("mode %s, %+v", nh.Status.Mode, *nh.Status.Summary)
}

func describeAgents(t *testing.T) {
	for _, args := range [][]string{
		{"get", "nh", "-o", "yaml"},
		{"-n", agents, "get", "pods", "-o", "wide"},
		{"-n", agents, "logs", "-l", "app.kubernetes.io/component=agent", "--tail=20", "--prefix"},
	} {
		out, err := lab.Kubectl(context.Background(), args...)
		t.Logf("kubectl %s\n%s (%v)", strings.Join(args, " "), out, err)
	}
}
