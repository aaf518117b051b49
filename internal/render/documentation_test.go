package render_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

const documentation = "../../docs/environment.md"

// TestTheEnvironmentIsDocumented: every variable that some pod gets is in the
// documentation, and every variable there is one that some pod gets.
func TestTheEnvironmentIsDocumented(t *testing.T) {
	raw, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, match := range regexp.MustCompile("`((?:TRAINYARD|PET|JAX|TF|PYTHON|MASTER|LOCAL|WORLD|NODE|GROUP|RANK)[A-Z_0-9]*)`").FindAllSubmatch(raw, -1) {
		documented[string(match[1])] = true
	}
	rendered := renderedVariables(t)
	for name := range rendered {
		if !documented[name] {
			t.Errorf("%s is set and not in %s", name, documentation)
		}
	}
	for name := range documented {
		if !rendered[name] && !strings.HasSuffix(name, "_") {
			t.Errorf("%s is in %s and never set", name, documentation)
		}
	}
}

// renderedVariables are the names that the pods of all kinds of jobs get.
func renderedVariables(t *testing.T) map[string]bool {
	t.Helper()
	opts := options
	opts.ResumeFrom = "attempt-0001/step-00000100"
	names := map[string]bool{}
	for _, framework := range frameworks {
		full := everything().set("more", 1)
		full.Spec.Framework = framework
		jobs := []builder{full}
		if framework != v1alpha1.FrameworkMPI {
			jobs = append(jobs, train(framework).set("worker", 1).checkpoints().never())
		}
		for _, b := range jobs {
			p, err := renderer(t, b, opts).Pod(0, 0, ranks.Slot{Attempt: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range p.Spec.Containers[0].Env {
				names[v.Name] = true
			}
		}
	}
	delete(names, "RUN") // the template's own
	return names
}
