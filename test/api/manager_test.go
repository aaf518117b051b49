package api

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

func TestWhoMayWriteStatus(t *testing.T) {
	for _, user := range []string{manager, operator} {
		if err := writeStatus(t, user, stored(t)); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	err := writeStatus(t, landlord, stored(t))
	expectError(t, err, "user landlord may not write status, which is written by "+manager+" alone: change spec instead")
	for _, user := range []string{landlord, scientist, viewer} {
		if err := writeStatus(t, user, stored(t)); !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", user, err)
		}
	}
}

// The status of a job that another controller manages is that controller's.
func TestStatusOfJobsOfOthers(t *testing.T) {
	obj := stored(t, set("spec.managedBy", "example.com/remote"))
	if err := writeStatus(t, landlord, obj); err != nil {
		t.Error(err)
	}
	ours := stored(t, set("spec.managedBy", v1alpha1.ManagedByTrainyard))
	expectError(t, writeStatus(t, landlord, ours), "user landlord may not write status")
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
