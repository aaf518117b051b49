package render_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

// TestNamesAreValidUpToTheBoundsOfTheAPI: the longest names that the API takes
// make names that the API server takes, up to the millionth attempt.
func TestNamesAreValidUpToTheBoundsOfTheAPI(t *testing.T) {
	for _, set := range []int{1, 16, 32} {
		b := train(v1alpha1.FrameworkGeneric)
		b.Name = "j" + strings.Repeat("x", 50-set-1)
		b.set("s"+strings.Repeat("y", set-1), v1alpha1.MaxPods)
		p, err := renderer(t, b, options).Pod(0, v1alpha1.MaxPods-1, ranks.Slot{Node: "node-1", Attempt: 999_999})
		if err != nil {
			t.Fatal(err)
		}
		expectValid(t, "pod", p.Name, validation.IsDNS1123Label)
		expectValid(t, "hostname", p.Spec.Hostname, validation.IsDNS1123Label)
		expectValid(t, "subdomain", p.Spec.Subdomain, validation.IsDNS1123Label)
		for key, label := range p.Labels {
			expectValid(t, key, label, validation.IsValidLabelValue)
		}
		service := render.Service(b.TrainingJob)
		expectValid(t, "service", service.Name, validation.IsDNS1035Label)
		if service.Name != p.Spec.Subdomain {
			t.Errorf("service %s does not name the pods of subdomain %s", service.Name, p.Spec.Subdomain)
		}
		slices, err := render.EndpointSlices(b.TrainingJob, []render.Endpoint{{Rank: v1alpha1.MaxPods - 1, IPs: []string{"fd00::1"}}})
		if err != nil {
			t.Fatal(err)
		}
		expectValid(t, "slice", slices[0].Name, validation.IsDNS1123Label)
		if got := *slices[0].Endpoints[0].Hostname; got != p.Spec.Hostname {
			t.Errorf("the slice calls pod %s %s", p.Spec.Hostname, got)
		}
	}
}

func expectValid(t *testing.T, what, name string, check func(string) []string) {
	t.Helper()
	if problems := check(name); len(problems) > 0 {
		t.Errorf("%s %q: %s", what, name, strings.Join(problems, "; "))
	}
}

func TestAShapeIsNoPodOfAnAttempt(t *testing.T) {
	shape, err := renderer(t, train(v1alpha1.FrameworkGeneric).set("worker", 2), options).Shape(0)
	if err != nil {
		t.Fatal(err)
	}
	if shape.Name != "resnet-worker-0-0" || shape.Spec.Affinity != nil {
		t.Errorf("shape %s has affinity %v, want resnet-worker-0-0 without", shape.Name, shape.Spec.Affinity)
	}
}

func TestLauncherPort(t *testing.T) {
	if port, ok := render.LauncherPort(pod(t, train(v1alpha1.FrameworkGeneric).set("worker", 1), 0, 0)); !ok || port != 36291 {
		t.Errorf("LauncherPort = %d, %t; want 36291", port, ok)
	}
	if port, ok := render.LauncherPort(pod(t, train(v1alpha1.FrameworkGeneric).set("worker", 1).never(), 0, 0)); ok {
		t.Errorf("LauncherPort = %d for a pod without a launcher", port)
	}
}
