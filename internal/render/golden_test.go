package render_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPods(t *testing.T) {
	cases := map[string]*builder{
		"pytorch": build(v1alpha1.FrameworkPyTorch).gpus(8),
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := render.New(b.job, render.Options{LauncherImage: image})
			if err != nil {
				t.Fatal(err)
			}
			pod, err := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, pod)
		})
	}
}

// golden compares an object with the file of its name.
func golden(t *testing.T, name string, object any) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
