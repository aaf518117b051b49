package render_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

func list(cpu, memory string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if text != "" {
			out[name] = resource.MustParse(text)
		}
	}
	return out
}

func TestInstallerResources(t *testing.T) {
	type resources = corev1.ResourceRequirements
	cases := map[string]struct {
		pod             corev1.PodSpec
		requests, limit string
	}{
		"nothing asked for": {pod: corev1.PodSpec{Containers: []corev1.Container{{}}}, requests: "10m 16Mi", limit: "100m 64Mi"},
		"requests below limits": {
			pod:      corev1.PodSpec{Containers: []corev1.Container{{Resources: resources{Requests: list("1", "1Gi"), Limits: list("2", "1Gi")}}}},
			requests: "10m 16Mi", limit: "100m 64Mi",
		},
		"Guaranteed": {
			pod:      corev1.PodSpec{Containers: []corev1.Container{{Resources: resources{Requests: list("8", "64Gi"), Limits: list("8", "64Gi")}}}},
			requests: "100m 64Mi", limit: "100m 64Mi",
		},
		"Guaranteed by limits alone, and small": {
			pod:      corev1.PodSpec{Containers: []corev1.Container{{Resources: resources{Limits: list("50m", "32Mi")}}}},
			requests: "50m 32Mi", limit: "50m 32Mi",
		},
		"one container is not": {
			pod: corev1.PodSpec{Containers: []corev1.Container{
				{Resources: resources{Limits: list("8", "64Gi")}}, {Resources: resources{Limits: list("1", "")}},
			}},
			requests: "10m 16Mi", limit: "100m 64Mi",
		},
		"an init container is not": {
			pod: corev1.PodSpec{
				InitContainers: []corev1.Container{{Resources: resources{Limits: list("0", "1Gi")}}},
				Containers:     []corev1.Container{{Resources: resources{Limits: list("8", "64Gi")}}},
			},
			requests: "10m 16Mi", limit: "100m 64Mi",
		},
		"bounds of the whole pod": {
			pod: corev1.PodSpec{
				Resources:  &resources{Limits: list("80m", "8Mi")},
				Containers: []corev1.Container{{}},
			},
			requests: "10m 8Mi", limit: "80m 8Mi",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := pod(t, train(v1alpha1.FrameworkGeneric).set("worker", 1, func(s *corev1.PodSpec) {
				c.pod.Containers[0].Command = []string{"train"}
				*s = c.pod
			}), 0, 0)
			got := p.Spec.InitContainers[0].Resources
			if r := got.Requests.Cpu().String() + " " + got.Requests.Memory().String(); r != c.requests {
				t.Errorf("requests %s, want %s", r, c.requests)
			}
			if l := got.Limits.Cpu().String() + " " + got.Limits.Memory().String(); l != c.limit {
				t.Errorf("limits %s, want %s", l, c.limit)
			}
		})
	}
}

// TestTheLauncherCostsAGuaranteedPodNothing: it asks for no more than before.
func TestTheLauncherCostsAGuaranteedPodNothing(t *testing.T) {
	b := train(v1alpha1.FrameworkGeneric).set("worker", 1, func(s *corev1.PodSpec) {
		s.Containers[0].Resources.Limits = list("50m", "32Mi")
		s.Containers[0].Resources.Requests = list("50m", "32Mi")
	})
	before := resourcehelper.PodRequests(&corev1.Pod{Spec: b.Spec.ReplicaSpecs[0].Template.Spec}, resourcehelper.PodResourcesOptions{})
	after := resourcehelper.PodRequests(pod(t, b, 0, 0), resourcehelper.PodResourcesOptions{})
	for name, quantity := range after {
		if was := before[name]; quantity.Cmp(was) != 0 {
			t.Errorf("%s: %s, before %s", name, quantity.String(), was.String())
		}
	}
}
