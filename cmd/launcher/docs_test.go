package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// torchStub is as much of PyTorch as the documentation's example calls: the
// example's own part, reporting and checkpoints, runs as it is printed.
const torchStub = `
import pickle

class Anything:
    def __init__(self, *args, **kwargs): self.state = {"weight": 1}
    def __call__(self, *args, **kwargs): return Anything()
    def __getattr__(self, name): return Anything()
    def item(self): return 0.25
    def parameters(self): return []
    def state_dict(self): return self.state
    def load_state_dict(self, state): assert state == {"weight": 1}, state

nn = optim = Anything()
nn.Linear = optim.SGD = lambda *args, **kwargs: Anything()
randn = randint = lambda *args: None

def save(state, f): pickle.dump(state, f)
def load(path, map_location): return pickle.load(open(path, "rb"))
`

func TestTheDocumentedExample(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here")
	}
	page, err := os.ReadFile("../../docs/launcher.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```python\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("no example in the page")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"torch.py": torchStub, "train.py": example} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{launchspec.EnvHoldSeconds: "60"}
	// An attempt that ends early, and one that resumes and ends well.
	r := start(t, options{env: env}, "sh", "-c",
		`if [ $TRAINYARD_ATTEMPT = 1 ]; then sed -i.bak s/101/61/ "$1/train.py"; fi; "$0" "$1/train.py" && [ $TRAINYARD_ATTEMPT = 2 ]`, python, dir)
	status := r.untilPhase(launchspec.PhaseExited, 1)
	if *status.Progress.Step != 60 || status.Progress.Metrics["loss"] != 0.25 || status.Checkpoint == nil || status.Checkpoint.Name != "step-00000050" {
		t.Fatalf("progress %+v, checkpoint %+v", status.Progress, status.Checkpoint)
	}
	if err := os.Rename(filepath.Join(dir, "train.py.bak"), filepath.Join(dir, "train.py")); err != nil {
		t.Fatal(err)
	}
	r.instruct(`{"attempt":2,"resumeFrom":"` + status.Checkpoint.Ref().String() + `"}`)
	if got := r.code(); got != 0 {
		t.Errorf("exit code %d", got)
	}
	message := r.termination()
	if *message.Progress.Step != 100 || message.Checkpoint == nil || message.Checkpoint.Ref().String() != "attempt-0002/step-00000100" {
		t.Errorf("termination message %+v, progress %+v, checkpoint %+v", message, message.Progress, message.Checkpoint)
	}
	if n := strings.Count(r.out.String(), `"step": 60`); n != 2 {
		t.Errorf("step 60 was reported %d times, want once in each attempt", n)
	}
	if n := strings.Count(r.out.String(), `"step": 50`); n != 1 {
		t.Errorf("step 50 was reported %d times: the second attempt did not resume", n)
	}
}
