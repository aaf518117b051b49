package api

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// forge writes a status as that user.
func forge(t *testing.T, user, name string) error {
	t.Helper()
	job := &v1alpha1.TrainingJob{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, job); err != nil {
		t.Fatal(err)
	}
	job.Status.Admission = &v1alpha1.Admission{Attempt: 1}
	return as(t, user).Status().Update(t.Context(), job)
}

func TestWhoMayWriteStatus(t *testing.T) {
	obj := stored(t)
	for _, user := range []string{manager, operator} {
		if err := forge(t, user, obj.GetName()); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	err := forge(t, landlord, obj.GetName())
	expectError(t, err, "user landlord may not write status, which is written by "+manager+" alone: change spec instead")
	if !apierrors.IsForbidden(err) {
		t.Errorf("landlord: %v", err)
	}
	if err := forge(t, scientist, obj.GetName()); !apierrors.IsForbidden(err) {
		t.Errorf("scientist: %v", err)
	}
}

// The status of a job that another controller manages is that controller's.
func TestStatusOfJobsOfOthers(t *testing.T) {
	obj := stored(t, set("spec.managedBy", "example.com/remote"))
	if err := forge(t, landlord, obj.GetName()); err != nil {
		t.Error(err)
	}
	ours := stored(t, set("spec.managedBy", v1alpha1.ManagedByTrainyard))
	expectError(t, forge(t, landlord, ours.GetName()), "user landlord may not write status")
}

func TestManagerLeavesSpecAlone(t *testing.T) {
	if err := admin.Create(t.Context(), bind(manager, "ClusterRole", editor)); err != nil {
		t.Fatal(err)
	}
	obj := stored(t)
	obj.SetFinalizers([]string{"trainyard.dev/cleanup"})
	if err := as(t, manager).Update(t.Context(), obj); err != nil {
		t.Errorf("finalizer: %v", err)
	}
	set("spec.suspend", true)(obj.Object)
	expectError(t, as(t, manager).Update(t.Context(), obj), "spec belongs to the user")
	obj.SetFinalizers(nil)
	unset("spec.suspend")(obj.Object)
	if err := admin.Update(t.Context(), obj); err != nil {
		t.Error(err)
	}
}
