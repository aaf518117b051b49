package render_test

import (
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// TestPodSecurity: whatever check of Pod Security a template passes, its pod
// passes, at every level.
func TestPodSecurity(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	passed := map[api.Level]int{}
	for range 1000 {
		b := train(v1alpha1.FrameworkPyTorch).set("worker", 2, guarded(random))
		template := &b.Spec.ReplicaSpecs[0].Template
		rendered := pod(t, b, 0, 1)
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			version := api.LevelVersion{Level: level, Version: api.LatestVersion()}
			if !policy.AggregateCheckResults(evaluator.EvaluatePod(version, &template.ObjectMeta, &template.Spec)).Allowed {
				continue
			}
			passed[level]++
			result := policy.AggregateCheckResults(evaluator.EvaluatePod(version, &rendered.ObjectMeta, &rendered.Spec))
			if !result.Allowed {
				t.Fatalf("level %s allows the template and not the pod: %s\n%+v", level, result.ForbiddenDetail(), template.Spec)
			}
		}
	}
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		if passed[level] < 20 {
			t.Errorf("only %d templates passed level %s: the test proves nothing", passed[level], level)
		}
	}
}

// guarded gives a pod more or fewer of the restrictions that Pod Security asks for.
func guarded(random *rand.Rand) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) {
		spec.SecurityContext = &corev1.PodSecurityContext{
			RunAsNonRoot:   pick(random, nil, ptr.To(true), ptr.To(true)),
			RunAsUser:      pick(random, nil, nil, ptr.To[int64](1000), ptr.To[int64](0)),
			SeccompProfile: pick(random, nil, profile(corev1.SeccompProfileTypeRuntimeDefault), profile(corev1.SeccompProfileTypeUnconfined)),
		}
		spec.HostNetwork = random.IntN(8) == 0
		spec.HostPID = random.IntN(8) == 0
		spec.Volumes = pick(random, nil, []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}, nil)
		spec.Containers[0].SecurityContext = &corev1.SecurityContext{
			Privileged:               pick(random, nil, nil, nil, ptr.To(true)),
			AllowPrivilegeEscalation: pick(random, nil, ptr.To(false), ptr.To(false)),
			Capabilities:             pick(random, nil, &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}),
			SeccompProfile:           pick(random, nil, profile(corev1.SeccompProfileTypeRuntimeDefault)),
		}
		if random.IntN(8) == 0 {
			spec.OS = &corev1.PodOS{Name: corev1.Windows}
		}
	}
}

func profile(kind corev1.SeccompProfileType) *corev1.SeccompProfile {
	return &corev1.SeccompProfile{Type: kind}
}

// TestNobodyIsRootForTheLauncher: a pod whose user is root would be refused an
// init container that must not be.
func TestNobodyIsRootForTheLauncher(t *testing.T) {
	cases := map[string]struct {
		pod  *corev1.PodSecurityContext
		want *int64
	}{
		"no context":   {nil, nil},
		"no user":      {&corev1.PodSecurityContext{}, nil},
		"another user": {&corev1.PodSecurityContext{RunAsUser: ptr.To[int64](1000)}, nil},
		"root":         {&corev1.PodSecurityContext{RunAsUser: ptr.To[int64](0)}, ptr.To[int64](65532)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := pod(t, train(v1alpha1.FrameworkGeneric).set("worker", 1, func(spec *corev1.PodSpec) { spec.SecurityContext = c.pod }), 0, 0)
			if got := p.Spec.InitContainers[0].SecurityContext.RunAsUser; !ptr.Equal(got, c.want) {
				t.Errorf("runAsUser = %v, want %v", got, c.want)
			}
		})
	}
}
