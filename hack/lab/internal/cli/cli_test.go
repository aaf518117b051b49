package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lab runs the command line and returns what it prints.
func lab(t *testing.T, stateDir string, args ...string) (string, error) {
	t.Helper()
	var out, errOut bytes.Buffer
	root := New(&out, &errOut)
	root.SetArgs(append([]string{"--state-dir", stateDir, "--cache", t.TempDir()}, args...))
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestErrorsNameTheCure(t *testing.T) {
	for name, tc := range map[string]struct {
		args string
		want string
	}{
		"no lab, kubeconfig":   {"kubeconfig", "no lab here: run `lab up`"},
		"no lab, status":       {"status", "no lab here: run `lab up`"},
		"no lab, logs":         {"logs", "no lab here: run `lab up`"},
		"no lab, a fault":      {"node kill node-1", "no lab here: run `lab up`"},
		"no lab, an image":     {"image load x.tar", "no lab here: run `lab up`"},
		"too many nodes":       {"up --nodes 99", "--nodes 99: must be between 0 and 32"},
		"a public subnet":      {"up --subnet 8.8.0.0/16", "such as 10.250.0.0/16"},
		"an unknown component": {"build --only kubeadm", "choose from etcd"},
		"an unknown command":   {"upp", "unknown command"},
		"a missing image file": {"image build -f nowhere.yaml", "read the image description"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lab(t, filepath.Join(t.TempDir(), "s"), strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// begun is the state folder of a lab that was begun and runs nothing.
func begun(t *testing.T, nodes string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	plan := `{"name":"unit","stateDir":"` + dir + `","subnet":"10.250.0.0/16","nodes":` + nodes +
		`,"simulatedNodes":1,"gpus":8,"nodesPerRack":1,"racksPerBlock":1}`
	if err := os.WriteFile(filepath.Join(dir, "lab.json"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "logs", "etcd.log"), []byte("a line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestScriptableOutput(t *testing.T) {
	dir := begun(t, "1")
	for args, want := range map[string]string{
		"kubeconfig": dir + "/kubeconfig\n",
		"logs":       "etcd\n",
		"logs etcd":  "a line\n",
		"node list -o json": `[{"name":"node-1","kind":"real","address":"10.250.1.1","pods":"10.250.17.0/24","ready":"Unknown"},` +
			`{"name":"sim-1","kind":"simulated","ready":"Unknown"}]` + "\n",
	} {
		got, err := lab(t, dir, strings.Fields(args)...)
		if err != nil || got != want {
			t.Errorf("lab %s prints %q (%v), want %q", args, got, err, want)
		}
	}
}

func TestStatusOfALabThatDoesNotRun(t *testing.T) {
	if _, err := lab(t, begun(t, "0"), "status"); !errors.Is(err, ErrUnhealthy) {
		t.Errorf("error %v, want %v", err, ErrUnhealthy)
	}
}

func TestNodesThatAreNone(t *testing.T) {
	for nodes, want := range map[string]string{
		"1": `node "sim-1" is no real node of this lab: choose from node-1`,
		"0": "this lab has no real nodes: begin one with `lab up --nodes 3`",
	} {
		_, err := lab(t, begun(t, nodes), "node", "silence", "sim-1")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("with %s nodes: %v", nodes, err)
		}
	}
	_, err := lab(t, begun(t, "1"), "logs", "nobody")
	if err == nil || !strings.Contains(err.Error(), "nobody has no log: choose from etcd") {
		t.Errorf("error %v", err)
	}
}

func TestDefaultStateFolder(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/srv/state")
	o := &options{name: "two"}
	if err := o.completeStateDir(); err != nil || o.stateDir != "/srv/state/trainyard/two" {
		t.Errorf("state in %q (%v)", o.stateDir, err)
	}
}
