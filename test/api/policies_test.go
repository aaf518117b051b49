package api

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/client-go/discovery"
)

// TestPoliciesTypeCheck asks what kube-controller-manager writes to
// status.typeChecking of a policy: whether its expressions fit the types of the
// objects that they judge. An expression that does not fit only fails when it
// meets an object, and then rejects it with a message that helps nobody.
func TestPoliciesTypeCheck(t *testing.T) {
	checker := typeChecker(t)
	checked := 0
	for _, policy := range policies(t) {
		checked++
		for _, warning := range checker.Check(&policy) {
			t.Errorf("%s: %s: %s", policy.Name, warning.FieldRef, warning.Warning)
		}
	}
	if checked == 0 {
		t.Error("there are no policies")
	}
}

func TestTypeCheckSeesMistakes(t *testing.T) {
	policy := policies(t)[0].DeepCopy()
	policy.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "object.spec.noSuchField == ''"}}
	if warnings := typeChecker(t).Check(policy); len(warnings) != 1 {
		t.Errorf("got the warnings %v, want one", warnings)
	}
}

func typeChecker(t *testing.T) *validating.TypeChecker {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(restConfig)
	if err != nil {
		t.Fatal(err)
	}
	return &validating.TypeChecker{
		SchemaResolver: &resolver.ClientDiscoveryResolver{Discovery: client},
		RestMapper:     admin.RESTMapper(),
	}
}

func policies(t *testing.T) []admissionregistrationv1.ValidatingAdmissionPolicy {
	t.Helper()
	var list []admissionregistrationv1.ValidatingAdmissionPolicy
	for _, obj := range installed {
		if obj.GetKind() != "ValidatingAdmissionPolicy" {
			continue
		}
		policy := admissionregistrationv1.ValidatingAdmissionPolicy{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &policy); err != nil {
			t.Fatal(err)
		}
		list = append(list, policy)
	}
	return list
}
