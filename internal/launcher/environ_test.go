package launcher

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

func TestChildEnviron(t *testing.T) {
	cfg := Config{
		UID: "uid", Framework: launchspec.FrameworkPyTorch,
		Environ: []string{"A=1", "TRAINYARD_ATTEMPT=1", "PET_RDZV_ID=old", "B=x-$(TRAINYARD_ATTEMPT)-$(PET_RDZV_ID)-$(A)", "C"},
		Args:    []string{"run", "$(TRAINYARD_RESUME_FROM)", "$$(TRAINYARD_ATTEMPT)"},
	}
	vars := cfg.attemptVariables(prepared{attempt: 2, checkpointDir: "/c", resumeFrom: "/r", variables: []variable{{"D", "4"}}})
	want := []string{
		"A=1", "B=x-2-uid-2-$(A)", "C",
		"TRAINYARD_ATTEMPT=2", "TRAINYARD_CHECKPOINT_DIR=/c", "TRAINYARD_RESUME_FROM=/r", "PET_RDZV_ID=uid-2", "D=4",
	}
	if diff := cmp.Diff(want, cfg.childEnviron(vars)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"run", "/r", "$2"}, cfg.childArgs(vars)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	cfg.Framework = "JAX"
	for _, kv := range cfg.childEnviron(cfg.attemptVariables(prepared{attempt: 2})) {
		if strings.HasPrefix(kv, "PET_RDZV_ID=") && kv != "PET_RDZV_ID=old" {
			t.Errorf("%s outside of PyTorch", kv)
		}
	}
}
