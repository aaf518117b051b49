package render_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// unset stands for a variable that must not be there.
const unset = "(unset)"

func TestEnvironment(t *testing.T) {
	rule := v1alpha1.FailureRule{Name: "swap", Action: v1alpha1.ActionReplacePod, OnPodCondition: &v1alpha1.OnPodCondition{Type: "X"}}
	failure := func(policy v1alpha1.FailurePolicy) builder {
		return train(v1alpha1.FrameworkPyTorch).set("worker", 2).with(func(s *v1alpha1.TrainingJobSpec) { s.FailurePolicy = &policy })
	}
	cases := map[string]struct {
		job  builder
		set  int
		want map[string]string
	}{
		"identity": {
			job: train(v1alpha1.FrameworkPyTorch).set("chief", 1).set("worker", 3), set: 1,
			want: map[string]string{
				launchspec.EnvJobName: "resnet", launchspec.EnvJobNamespace: "vision", launchspec.EnvJobUID: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
				launchspec.EnvSet: "worker", launchspec.EnvIndex: "0", launchspec.EnvRank: "1", launchspec.EnvMembers: "4",
				launchspec.EnvAttempt: "2", launchspec.EnvFramework: "PyTorch", launchspec.EnvPort: "36291",
			},
		},
		"the user's rendezvous wins": {
			job:  train(v1alpha1.FrameworkPyTorch).set("worker", 2, env(corev1.EnvVar{Name: "PET_RDZV_BACKEND", Value: "c10d"})),
			want: map[string]string{"PET_RDZV_BACKEND": "c10d", "MASTER_PORT": "29500"},
		},
		"also where its value comes from elsewhere": {
			job: train(v1alpha1.FrameworkPyTorch).set("worker", 2, env(corev1.EnvVar{Name: "MASTER_ADDR", ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"},
			}})),
			want: map[string]string{"MASTER_ADDR": ""},
		},
		"the user's identity does not": {
			job: train(v1alpha1.FrameworkGeneric).set("worker", 2, env(
				corev1.EnvVar{Name: launchspec.EnvJobUID, Value: "other"}, corev1.EnvVar{Name: launchspec.EnvRuntimeDir, Value: "/tmp"},
			)),
			want: map[string]string{launchspec.EnvJobUID: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", launchspec.EnvRuntimeDir: unset},
		},
		"the launcher gives the rendezvous id": {
			job:  train(v1alpha1.FrameworkPyTorch).set("worker", 2),
			want: map[string]string{launchspec.EnvRendezvousID: unset},
		},
		"without a launcher the pod does": {
			job: train(v1alpha1.FrameworkPyTorch).set("worker", 2).checkpoints().never(),
			want: map[string]string{
				launchspec.EnvRendezvousID: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-2", launchspec.EnvPort: unset, launchspec.EnvPeers: unset,
				launchspec.EnvHoldSeconds: unset, launchspec.EnvInstructionFile: unset, "PYTHONUNBUFFERED": unset, launchspec.EnvCheckpointRoot: unset,
				launchspec.EnvCheckpointDir: "/mnt/ckpt/resnet-0a1b2c3d/attempt-0002", launchspec.EnvResumeFrom: unset,
			},
		},
		"a recreated pod is not held": {
			job: failure(v1alpha1.FailurePolicy{RestartStrategy: v1alpha1.RestartRecreate, AttributionWindowSeconds: ptr.To[int32](30)}),
			want: map[string]string{
				launchspec.EnvHoldSeconds: "0", launchspec.EnvOrphanSeconds: "300", launchspec.EnvGraceSeconds: "30",
			},
		},
		"a survivor is held for its next attempt": {
			job:  failure(v1alpha1.FailurePolicy{RestartStrategy: v1alpha1.RestartInPlace}),
			want: map[string]string{launchspec.EnvHoldSeconds: "180"},
		},
		"for the time that attribution takes": {
			job: failure(v1alpha1.FailurePolicy{
				RestartStrategy: v1alpha1.RestartReplaceFailed, AttributionWindowSeconds: ptr.To[int32](0), OrphanSeconds: ptr.To[int32](0),
			}),
			want: map[string]string{launchspec.EnvHoldSeconds: "120", launchspec.EnvOrphanSeconds: "0"},
		},
		"also where only a rule replaces pods": {
			job:  failure(v1alpha1.FailurePolicy{RestartStrategy: v1alpha1.RestartRecreate, Rules: []v1alpha1.FailureRule{rule}}),
			want: map[string]string{launchspec.EnvHoldSeconds: "180"},
		},
		"one pod has no peers": {
			job:  train(v1alpha1.FrameworkPyTorch).set("worker", 1),
			want: map[string]string{launchspec.EnvPeers: unset},
		},
		"rank 0 is a peer too": {
			job:  train(v1alpha1.FrameworkPyTorch).set("worker", 2),
			want: map[string]string{launchspec.EnvPeers: "worker-0.resnet.vision.svc:36291"},
		},
		"nobody waits for a rank 0 without a launcher": {
			job: train(v1alpha1.FrameworkPyTorch).set("chief", 1, func(s *corev1.PodSpec) { s.Containers[0].Command = nil }).set("worker", 2),
			set: 1, want: map[string]string{launchspec.EnvPeers: unset},
		},
		"nor for one that waits itself": {
			job: train(v1alpha1.FrameworkPyTorch).set("chief", 1).set("store", 1).with(func(s *v1alpha1.TrainingJobSpec) {
				s.ReplicaSpecs[0].DependsOn = &v1alpha1.Dependency{Name: "store", State: v1alpha1.DependencyReady}
			}),
			set: 1, want: map[string]string{launchspec.EnvPeers: unset},
		},
		"the API server's default path is the launcher's": {
			job: train(v1alpha1.FrameworkGeneric).set("worker", 1, func(s *corev1.PodSpec) {
				s.Containers[0].TerminationMessagePath = corev1.TerminationMessagePathDefault
			}),
			want: map[string]string{launchspec.EnvTerminationPath: unset},
		},
		"a directory that the kubelet would expand": {
			job: train(v1alpha1.FrameworkGeneric).set("worker", 1).with(func(s *v1alpha1.TrainingJobSpec) {
				s.Checkpoint = &v1alpha1.CheckpointPolicy{Directory: "/mnt/$(HOME)"}
			}),
			want: map[string]string{launchspec.EnvCheckpointRoot: "/mnt/$$(HOME)"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := pod(t, c.job, c.set, 0)
			got := map[string]string{}
			for name := range c.want {
				text, ok := value(t, p, name)
				if !ok {
					text = unset
				}
				got[name] = text
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPathsAreNotExpanded(t *testing.T) {
	b := train(v1alpha1.FrameworkGeneric).set("worker", 1).never().with(func(s *v1alpha1.TrainingJobSpec) {
		s.Checkpoint = &v1alpha1.CheckpointPolicy{Directory: "/mnt/$(TRAINYARD_JOB_NAME)"}
	})
	opts := options
	opts.ResumeFrom = "attempt-0001/step-00000100"
	p, err := renderer(t, b, opts).Pod(0, 0, ranks.Slot{Attempt: 2})
	if err != nil {
		t.Fatal(err)
	}
	_, _, getenv := start(&p.Spec.Containers[0])
	for name, want := range map[string]string{
		launchspec.EnvCheckpointDir: "/mnt/$(TRAINYARD_JOB_NAME)/resnet-0a1b2c3d/attempt-0002",
		launchspec.EnvResumeFrom:    "/mnt/$(TRAINYARD_JOB_NAME)/resnet-0a1b2c3d/attempt-0001/step-00000100",
	} {
		if got := getenv(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// TestOnlyTheFirstContainerIsTold: the others are the user's alone.
func TestOnlyTheFirstContainerIsTold(t *testing.T) {
	own := []corev1.EnvVar{{Name: "MASTER_ADDR", Value: "x"}, {Name: "TRAINYARD_RANK", Value: "$(TRAINYARD_ATTEMPT)"}}
	p := pod(t, train(v1alpha1.FrameworkPyTorch).set("worker", 2, func(s *corev1.PodSpec) {
		s.Containers = append(s.Containers, corev1.Container{Name: "metrics", Env: own, Command: []string{"serve"}})
	}), 0, 0)
	if diff := cmp.Diff(corev1.Container{Name: "metrics", Env: own, Command: []string{"serve"}}, p.Spec.Containers[1]); diff != "" {
		t.Errorf("second container (-want +got):\n%s", diff)
	}
}

// TestTheUserCanReferToOurs: the kubelet only knows what comes before.
func TestTheUserCanReferToOurs(t *testing.T) {
	p := pod(t, train(v1alpha1.FrameworkPyTorch).set("worker", 2, env(corev1.EnvVar{Name: "ME", Value: "$(RANK)"})), 0, 0)
	variables := p.Spec.Containers[0].Env
	if last := variables[len(variables)-1]; last.Name != "ME" || last.Value != "$(RANK)" {
		t.Errorf("the last variable is %v, want ME", last)
	}
}

// TestEveryAttemptIsToldApart: what leads old and new ranks to different places
// differs between attempts.
func TestEveryAttemptIsToldApart(t *testing.T) {
	r := renderer(t, train(v1alpha1.FrameworkPyTorch).set("worker", 2).checkpoints().never(), options)
	one, err := r.Pod(0, 0, ranks.Slot{Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	two, _ := r.Pod(0, 0, ranks.Slot{Attempt: 2})
	for _, name := range []string{launchspec.EnvAttempt, launchspec.EnvRendezvousID, launchspec.EnvCheckpointDir} {
		a, _ := value(t, one, name)
		b, _ := value(t, two, name)
		if a == "" || a == b {
			t.Errorf("%s = %q in attempt 1 and %q in attempt 2", name, a, b)
		}
	}
	if one.Name == two.Name {
		t.Errorf("both attempts' pods are %s", one.Name)
	}
}
