//go:build e2e

package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNodes runs pods on real nodes and looks at what they reach, whole and
// with every fault.
func TestNodes(t *testing.T) {
	l := newLab(t, "nodes", "10.247")
	finish(t, l.up(context.Background()))
	l.run(t, "image", "load", strings.TrimSpace(l.run(t, "image", "build", "-f", "probe/image.yaml")))
	k := newKubectl(t, l)
	k.run(t, "apply", "-f", "probe/manifests.yaml")
	k.run(t, "rollout", "status", "daemonset/probe", "--timeout=3m")
	pods := k.pods(t)
	one, two := pods["node-1"], pods["node-2"]

	t.Run("pods reach each other, their Services and the API server", func(t *testing.T) {
		for _, url := range []string{"http://" + two.IP + ":8080", "http://probe", "http://probes:8080",
			"https://kubernetes.default.svc/version"} {
			k.exec(t, one, "get", url)
		}
		if got := len(strings.Fields(k.exec(t, one, "resolve", "probes"))); got != 2 {
			t.Errorf("the headless Service has %d addresses, want 2", got)
		}
	})
	t.Run("nothing leads out of the lab", func(t *testing.T) {
		if out, err := k.try("exec", one.Name, "--", "/probe", "get", "http://192.0.2.1"); err == nil || !strings.Contains(out, "unreachable") {
			t.Errorf("a pod asked another network and got %v: %s", err, out)
		}
	})
	t.Run("the API server reads logs from kubelets", func(t *testing.T) {
		if out := k.run(t, "logs", two.Name); !strings.Contains(out, "serving as") {
			t.Errorf("log: %s", out)
		}
	})
	t.Run("nodes share a folder", func(t *testing.T) {
		k.exec(t, one, "write", "/shared/note", "from node-1")
		if got, err := os.ReadFile(filepath.Join(l.stateDir, "shared", "note")); string(got) != "from node-1" {
			t.Errorf("the note says %q (%v)", got, err)
		}
	})
	t.Run("simulated nodes run who asks for a GPU, and end it", func(t *testing.T) {
		k.run(t, "wait", "--for=condition=Complete", "job/simulated", "--timeout=2m")
	})
	t.Run("a kubelet speaks for its own node, and not for where it stands", func(t *testing.T) {
		kubelet := k.as(filepath.Join(l.stateDir, "machines", "node-1", "kubelet.kubeconfig"))
		for _, label := range [][]string{{"node-2", "stolen=yes"}, {"node-1", "node-restriction.kubernetes.io/trusted=yes"}} {
			out, err := kubelet.try("label", "node", label[0], label[1])
			if err == nil || !strings.Contains(out, "orbidden") {
				t.Errorf("labelling %v: %v: %s", label, err, out)
			}
		}
	})
	t.Run("faults", func(t *testing.T) { testFaults(t, l, k, one, two) })
}

func testFaults(t *testing.T, l *lab, k *kubectl, one, two pod) {
	api := func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		return exec.CommandContext(ctx, "ip", "netns", "exec", "trainyard-"+l.name+".node-2",
			"bash", "-c", "exec 3<>/dev/tcp/"+l.subnetStart+".0.2/6443").Run() == nil
	}
	peer := func() bool {
		_, err := k.try("exec", one.Name, "--", "/probe", "get", "http://"+two.IP+":8080")
		return err == nil
	}
	for _, step := range []struct {
		command   []string
		api, peer bool
	}{
		{[]string{"silence", "node-2"}, false, false},
		{[]string{"heal", "node-2"}, true, true},
		{[]string{"cut", "node-2"}, false, false},
		{[]string{"heal", "node-2"}, true, true},
		{[]string{"cut", "--api-only", "node-2"}, false, true},
		{[]string{"heal", "node-2"}, true, true},
		{[]string{"kill", "node-2"}, true, false}, // the wire is whole, the pod is gone
	} {
		before := time.Now()
		out := strings.TrimSpace(l.run(t, append([]string{"node"}, step.command...)...))
		at, err := time.Parse(time.RFC3339Nano, out)
		if err != nil || at.Before(before) || at.After(time.Now()) {
			t.Errorf("%v says it took effect at %q (%v)", step.command, out, err)
		}
		if !becomes(api, step.api) {
			t.Errorf("%v: the node reaches the API server: %t", step.command, !step.api)
		}
		if !becomes(peer, step.peer) {
			t.Errorf("%v: a pod reaches the node's: %t", step.command, !step.peer)
		}
	}
	if left := processesMentioning(filepath.Join(l.stateDir, "machines", "node-2")); left != "" {
		t.Errorf("a killed node runs %s", left)
	}
	l.run(t, "node", "restart", "node-2")
	k.run(t, "wait", "--for=condition=Ready", "node/node-2", "--timeout=3m")
	k.eventually(t, "the pod of the restarted node is ready", func() bool {
		restarted := k.pods(t)["node-2"]
		_, err := k.try("exec", one.Name, "--", "/probe", "get", "http://"+restarted.IP+":8080")
		return err == nil
	})
}

// becomes says whether f is false at once, if it should be, or true soon: a
// plug takes a moment to be felt.
func becomes(f func() bool, want bool) bool {
	if !want {
		return !f()
	}
	for deadline := time.Now().Add(15 * time.Second); !f(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func processesMentioning(text string) string {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if args, _ := os.ReadFile(file); bytes.Contains(args, []byte(text)) {
			return string(bytes.ReplaceAll(args, []byte{0}, []byte{' '}))
		}
	}
	return ""
}

// kubectl is the lab's own kubectl with the lab's own kubeconfig.
type kubectl struct {
	program, kubeconfig string
}

func newKubectl(t *testing.T, l *lab) *kubectl {
	t.Helper()
	return &kubectl{
		program:    filepath.Join(strings.TrimSpace(l.run(t, "build", "--only", "kubectl")), "kubectl"),
		kubeconfig: strings.TrimSpace(l.run(t, "kubeconfig")),
	}
}

func (k *kubectl) as(kubeconfig string) *kubectl {
	return &kubectl{program: k.program, kubeconfig: kubeconfig}
}

func (k *kubectl) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, k.program, append([]string{"--kubeconfig", k.kubeconfig}, args...)...).CombinedOutput()
	return string(out), err
}

func (k *kubectl) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := k.try(args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (k *kubectl) exec(t *testing.T, p pod, args ...string) string {
	t.Helper()
	return k.run(t, append([]string{"exec", p.Name, "--", "/probe"}, args...)...)
}

func (k *kubectl) eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !f(); time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}

type pod struct{ Name, IP string }

// pods returns the probes by their nodes.
func (k *kubectl) pods(t *testing.T) map[string]pod {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ NodeName string }
			Status   struct{ PodIP string }
		}
	}
	if err := json.Unmarshal([]byte(k.run(t, "get", "pods", "-l", "app=probe", "-o", "json")), &list); err != nil {
		t.Fatal(fmt.Errorf("read the pods: %w", err))
	}
	pods := map[string]pod{}
	for _, item := range list.Items {
		pods[item.Spec.NodeName] = pod{Name: item.Metadata.Name, IP: item.Status.PodIP}
	}
	return pods
}
