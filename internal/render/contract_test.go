package render_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/launcher"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// start does to a container what the kubelet does when it starts it.
func start(c *corev1.Container) (args []string, environ []string, getenv func(string) string) {
	known := map[string]string{}
	lookup := func(name string) (string, bool) { v, ok := known[name]; return v, ok }
	for _, v := range c.Env {
		known[v.Name] = render.Expand(v.Value, lookup)
		environ = append(environ, v.Name+"="+known[v.Name])
	}
	for _, arg := range append(c.Command, c.Args...) {
		args = append(args, render.Expand(arg, lookup))
	}
	return args, environ, func(name string) string { return known[name] }
}

// TestTheLauncherUnderstandsItsPod: what is rendered here is what is read there.
func TestTheLauncherUnderstandsItsPod(t *testing.T) {
	opts := options
	opts.ResumeFrom = "attempt-0001/step-00000100"
	r := renderer(t, everything(), opts)
	p, err := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
	if err != nil {
		t.Fatal(err)
	}
	args, environ, getenv := start(&p.Spec.Containers[0])
	cfg, err := launcher.FromEnv(args[3:], environ, getenv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"python", "train.py", "--out=$(TRAINYARD_CHECKPOINT_DIR)", "--me=1"}, cfg.Args); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	if cfg.Index != 1 || cfg.Rank != 1 || cfg.Set != "worker" || cfg.CheckpointRoot != "/mnt/ckpt" || cfg.TerminationPath != "/tmp/last-words" {
		t.Errorf("configuration %+v", cfg)
	}
	if diff := cmp.Diff([]progress.Rule{{Name: "HFTrainer"}, {Name: "own", Pattern: `^it (?P<step>\d+)$`}}, cfg.Rules); diff != "" {
		t.Errorf("log rules (-want +got):\n%s", diff)
	}
	port, _ := render.LauncherPort(p)
	if int32(cfg.Port) != port {
		t.Errorf("the launcher listens on %d, the pod says %d", cfg.Port, port)
	}
	in, ok, err := launchspec.ParseInstruction([]byte(p.Annotations[v1alpha1.AnnotationInstruction]))
	if err != nil || !ok {
		t.Fatalf("ParseInstruction = %t, %v", ok, err)
	}
	if diff := cmp.Diff(cfg.First, in); diff != "" {
		t.Errorf("annotation and environment differ (-environment +annotation):\n%s", diff)
	}
}

// TestEveryFrameworksPodsAreUnderstood in every rank.
func TestEveryFrameworksPodsAreUnderstood(t *testing.T) {
	for _, framework := range frameworks {
		t.Run(string(framework), func(t *testing.T) {
			b := train(framework).set("launcher", 1).set("worker", 2, gpus(4))
			for rank := range ranks.Of(b.TrainingJob).Total() {
				set, index := ranks.Of(b.TrainingJob).At(rank)
				p := pod(t, b, set, index)
				args, environ, getenv := start(&p.Spec.Containers[0])
				cfg, err := launcher.FromEnv(args[3:], environ, getenv)
				if err != nil {
					t.Fatal(err)
				}
				if cfg.Rank != rank || cfg.Framework != string(framework) || cfg.Peers != "launcher-0.resnet.vision.svc:36291" {
					t.Errorf("rank %d is read as %+v", rank, cfg)
				}
				if hosts := len(cfg.MPIHosts); framework == v1alpha1.FrameworkMPI && rank == 0 && hosts != 2 {
					t.Errorf("rank 0 of the MPI job knows %d hosts, want 2", hosts)
				}
			}
		})
	}
}
