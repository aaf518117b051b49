package fencing

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestAgentAsksForTheNodesFoldersOnly: its namespace lets it in, and the one
// thing in which it goes beyond the baseline of Pod Security is that it mounts
// folders of the node.
func TestAgentAsksForTheNodesFoldersOnly(t *testing.T) {
	daemons := &appsv1.DaemonSet{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "trainyard-agent"}, daemons); err != nil {
		t.Fatal(err)
	}
	baseline := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "baseline", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "baseline"},
	}}
	if err := admin.Create(t.Context(), baseline); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: daemons.Spec.Template.Spec.ServiceAccountName, Namespace: baseline.Name}}
	if err := admin.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	try := func(in string) error {
		pod := &corev1.Pod{ObjectMeta: *daemons.Spec.Template.ObjectMeta.DeepCopy(), Spec: *daemons.Spec.Template.Spec.DeepCopy()}
		pod.Name, pod.Namespace = "agent", in
		return admin.Create(t.Context(), pod, client.DryRunAll)
	}
	if err := try(namespace); err != nil {
		t.Errorf("its own namespace refuses it: %v", err)
	}
	err := try(baseline.Name)
	_, violations, ok := strings.Cut(errorText(err), `violates PodSecurity "baseline:latest": `)
	if !ok || !strings.HasPrefix(violations, "hostPath volumes") || strings.Contains(violations, "), ") {
		t.Errorf("the baseline says %v; want nothing but hostPath volumes", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
