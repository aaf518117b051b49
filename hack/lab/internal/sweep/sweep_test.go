package sweep

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

func TestDownEndsMarkedProcessesAndNoOthers(t *testing.T) {
	l := Lab{Name: "unit", StateDir: filepath.Join(t.TempDir(), "state")}
	ours, other := sleeper(t, l.StateDir), sleeper(t, l.StateDir+"-2")
	left, err := l.Leftovers()
	if err != nil || len(left) != 1 || !strings.Contains(left[0], "sleep") {
		t.Fatalf("leftovers %v (%v), want one process", left, err)
	}
	if err := l.Down(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if err := ours.Wait(); err == nil {
		t.Error("the lab's process ended by itself")
	}
	if err := other.Process.Signal(os.Interrupt); err != nil {
		t.Errorf("another lab's process was ended too: %v", err)
	}
	_ = other.Wait()
}

func sleeper(t *testing.T, stateDir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "100")
	cmd.Env = []string{plan.MarkState + "=" + stateDir}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

func TestRemoveStateLeavesStrangersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	for _, file := range []string{"lab.json", "lock", "kubeconfig", "machines/cp/pid", ".partial-1", "thesis.tex"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeState(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "thesis.tex" {
		t.Errorf("left: %v (%v)", entries, err)
	}
	if err := os.Remove(filepath.Join(dir, "thesis.tex")); err != nil {
		t.Fatal(err)
	}
	if err := removeState(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the empty folder is still there: %v", err)
	}
	if err := removeState(dir); err != nil {
		t.Errorf("a second time: %v", err)
	}
}
