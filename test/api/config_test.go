package api

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/test/apiserver"
)

// What people copy: the samples, and the jobs of the worked examples.
func TestSamplesAreAccepted(t *testing.T) {
	samples, err := apiserver.Kustomize(filepath.Join(config, "samples"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/trainingjob*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range examples {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		objs, err := apiserver.Decode(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		samples = append(samples, objs...)
	}
	if len(samples) < 6 {
		t.Fatalf("found %d samples", len(samples))
	}
	for _, sample := range samples {
		t.Run(sample.GetName(), func(t *testing.T) {
			sample.SetNamespace("default")
			err := as(t, scientist).Create(t.Context(), sample, client.DryRunAll, client.FieldValidation("Strict"))
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// The manager's pod must start in a namespace of the restricted Pod Security
// level, which its own is.
func TestManagerMeetsRestrictedPodSecurity(t *testing.T) {
	manager := deployment(t, installed)
	pod := &corev1.Pod{ObjectMeta: *manager.Spec.Template.ObjectMeta.DeepCopy(), Spec: manager.Spec.Template.Spec}
	pod.Name, pod.Namespace = "manager", manager.Namespace
	if err := admin.Create(t.Context(), pod.DeepCopy(), client.DryRunAll); err != nil {
		t.Error(err)
	}
	pod.Spec.HostNetwork = true
	expectError(t, admin.Create(t.Context(), pod, client.DryRunAll), "violates PodSecurity", "host namespaces")
}

// The manager acts on objects that users write. What it must never be talked
// into, it has no right to.
func TestManagerHoldsNoDangerousRight(t *testing.T) {
	rules := 0
	for _, obj := range installed {
		if !strings.HasSuffix(obj.GetKind(), "Role") {
			continue
		}
		role := &rbacv1.ClusterRole{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			rules++
			for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs) {
				switch word {
				case "*", "secrets", "deployments", "inferenceservices", "serviceaccounts/token", "impersonate", "escalate", "bind":
					t.Errorf("%s %s allows %s", obj.GetKind(), role.Name, word)
				}
			}
		}
	}
	if rules == 0 {
		t.Error("there are no roles")
	}
}

// Whoever changes the namespace and the images in the two kustomizations that
// say so gets them everywhere, also where Kubernetes does not expect them.
func TestNamespaceAndImagesReachEveryPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(config)); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "manager", "kustomization.yaml"), "namespace: trainyard-system", "namespace: ml-platform")
	replace(t, filepath.Join(dir, "default", "kustomization.yaml"), "newName: trainyard-launcher", "newName: mirror/launcher")
	objs, err := apiserver.Kustomize(filepath.Join(dir, "default"))
	if err != nil {
		t.Fatal(err)
	}
	for _, obj := range objs {
		raw, err := obj.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "trainyard-system") {
			t.Errorf("%s %s still names the old namespace", obj.GetKind(), obj.GetName())
		}
	}
	env := deployment(t, objs).Spec.Template.Spec.Containers[0].Env
	if got := env[0].Value; got != "mirror/launcher:dev" {
		t.Errorf("the launcher's image is %s", got)
	}
}

func replace(t *testing.T, file, before, after string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), before) {
		t.Fatalf("%s does not hold %q", file, before)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), before, after)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func deployment(t *testing.T, objs []*unstructured.Unstructured) *appsv1.Deployment {
	t.Helper()
	for _, obj := range objs {
		if obj.GetKind() != "Deployment" {
			continue
		}
		d := &appsv1.Deployment{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	t.Fatal("there is no Deployment")
	return nil
}
