package render_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

func TestJobsThatCannotHavePods(t *testing.T) {
	noCommand := func(spec *corev1.PodSpec) { spec.Containers[0].Command = nil }
	noContainer := func(spec *corev1.PodSpec) { spec.Containers = nil }
	cases := map[string]struct {
		job  builder
		opts render.Options
		want string
	}{
		"no sets":           {train(v1alpha1.FrameworkGeneric), options, "spec.replicaSpecs: a job needs at least one set"},
		"no container":      {train(v1alpha1.FrameworkGeneric).set("a", 1).set("b", 1, noContainer), options, "spec.replicaSpecs[1].template.spec.containers: a pod needs"},
		"no launcher image": {train(v1alpha1.FrameworkGeneric).set("a", 1), render.Options{}, "no image of the launcher is configured"},
		"MPI without a command": {
			train(v1alpha1.FrameworkMPI).set("a", 1).set("b", 1, noCommand), options,
			"spec.replicaSpecs[1].template.spec.containers[0].command: framework MPI needs a command",
		},
		"an unknown framework": {train("Caffe").set("a", 1), options, `spec.framework: "Caffe"`},
		"a checkpoint elsewhere": {
			train(v1alpha1.FrameworkGeneric).set("a", 1),
			render.Options{LauncherImage: "launcher", ResumeFrom: "../../etc"}, `"../../etc"`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := render.New(c.job.TrainingJob, c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestASetBesideAnMPIJobNeedsNoCommand: the launcher prepares nothing for it.
func TestASetBesideAnMPIJobNeedsNoCommand(t *testing.T) {
	b := train(v1alpha1.FrameworkMPI).set("mpirun", 1).set("worker", 2).
		set("fetch", 1, func(spec *corev1.PodSpec) { spec.Containers[0].Command = nil })
	b.Spec.ReplicaSpecs[0].DependsOn = &v1alpha1.Dependency{Name: "fetch", State: v1alpha1.DependencySucceeded}
	if got, _ := value(t, pod(t, b, 2, 0), "TRAINYARD_FRAMEWORK"); got != "Generic" {
		t.Errorf("framework %q, want Generic", got)
	}
}

func TestPodsThatAreNotInTheJob(t *testing.T) {
	r := renderer(t, train(v1alpha1.FrameworkGeneric).set("worker", 2), options)
	cases := map[string]struct {
		set            int
		index, attempt int32
		want           string
	}{
		"a set too many":    {1, 0, 1, "set 1 is not one of the job's 1"},
		"a set too few":     {-1, 0, 1, "set -1"},
		"an index too high": {0, 2, 1, "index 2 is not one of the 2 replicas of set worker"},
		"an index too low":  {0, -1, 1, "index -1"},
		"no attempt":        {0, 1, 0, "pod of worker/1: instruction: attempt 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := r.Pod(c.set, c.index, ranks.Slot{Node: "node-1", Attempt: c.attempt})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := r.Shape(1); err == nil {
		t.Error("a set that is not there has a shape")
	}
}

func TestUsesLauncher(t *testing.T) {
	cases := map[string]struct {
		job  builder
		want bool
	}{
		"a command":             {train(v1alpha1.FrameworkGeneric).set("a", 1), true},
		"no launcher wanted":    {train(v1alpha1.FrameworkGeneric).set("a", 1).never(), false},
		"the image's command":   {train(v1alpha1.FrameworkGeneric).set("a", 1, func(s *corev1.PodSpec) { s.Containers[0].Command = nil }), false},
		"another system":        {train(v1alpha1.FrameworkGeneric).set("a", 1, func(s *corev1.PodSpec) { s.OS = &corev1.PodOS{Name: corev1.Windows} }), false},
		"Linux, if named":       {train(v1alpha1.FrameworkGeneric).set("a", 1, func(s *corev1.PodSpec) { s.OS = &corev1.PodOS{Name: corev1.Linux} }), true},
		"no container at all":   {train(v1alpha1.FrameworkGeneric).set("a", 1, func(s *corev1.PodSpec) { s.Containers = nil }), false},
		"the API's own default": {train(v1alpha1.FrameworkGeneric).set("a", 1).with(func(s *v1alpha1.TrainingJobSpec) { s.Launcher = "" }), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := render.UsesLauncher(c.job.TrainingJob, 0); got != c.want {
				t.Errorf("UsesLauncher = %t, want %t", got, c.want)
			}
		})
	}
}

// TestConcurrentUse renders the same pod many times at once, for -race.
func TestConcurrentUse(t *testing.T) {
	r := renderer(t, everything(), options)
	want, err := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			got, err := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
			if err != nil || !reflect.DeepEqual(want, got) {
				t.Errorf("pod differs, error %v", err)
			}
			got.Spec.Containers[0].Env[0].Value = "mine"
			got.Labels["mine"] = "yes"
		})
	}
	all.Wait()
}
