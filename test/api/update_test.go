package api

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// stored creates a job that lives as long as the test.
func stored(t *testing.T, edits ...edit) *unstructured.Unstructured {
	t.Helper()
	obj := manifest(append(edits, unset("metadata.name"), set("metadata.generateName", "job-"))...)
	if err := admin.Create(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Delete(context.Background(), obj); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
	return obj
}

// place writes an admission as the scheduling loop does.
func place(t *testing.T, obj *unstructured.Unstructured) {
	t.Helper()
	if err := writeStatus(t, manager, obj); err != nil {
		t.Fatal(err)
	}
}

// writeStatus admits a job as that user.
func writeStatus(t *testing.T, user string, obj *unstructured.Unstructured) error {
	t.Helper()
	job := &v1alpha1.TrainingJob{}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(obj), job); err != nil {
		t.Fatal(err)
	}
	before := job.DeepCopy()
	job.Status.Admission = &v1alpha1.Admission{Attempt: 1, Assignments: []v1alpha1.Assignment{{
		RankRange: v1alpha1.RankRange{Set: "master", First: ptr.To[int32](0), Count: 1}, Node: "node-1", Attempt: 1,
	}}}
	return as(t, user).Status().Patch(t.Context(), job, client.MergeFrom(before))
}

func update(t *testing.T, obj *unstructured.Unstructured, change edit) error {
	t.Helper()
	latest := obj.DeepCopy()
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(obj), latest); err != nil {
		t.Fatal(err)
	}
	change(latest.Object)
	return admin.Update(t.Context(), latest)
}

// frozen are the fields that pods are made from, with a change to each.
var frozen = map[string]rejection{
	"replicas":        {change: set("spec.replicaSpecs[1].replicas", 3), field: "spec.replicaSpecs", value: "worker"},
	"image":           {change: container("image", "registry.example/mnist:2"), field: "spec.replicaSpecs", value: "master"},
	"new set":         {change: sets(3, 1), field: "spec.replicaSpecs", value: "s0, s1, s2, master, worker"},
	"order of sets":   {change: swapSets, field: "spec.replicaSpecs", value: "their order"},
	"framework":       {change: set("spec.framework", "JAX"), field: "spec.framework", value: "is PyTorch and cannot become JAX"},
	"numProcPerNode":  {change: set("spec.numProcPerNode", 8), field: "spec.numProcPerNode", value: "is auto and cannot become 8"},
	"launcher":        {change: set("spec.launcher", "Never"), field: "spec.launcher", value: "is Auto and cannot become Never"},
	"success policy":  {change: set("spec.successPolicy", "FirstReplica"), field: "spec.successPolicy", value: "is unset and cannot become FirstReplica"},
	"checkpoint":      {change: set("spec.checkpoint.directory", "/other"), field: "spec.checkpoint.directory", value: "is /ckpt and cannot become /other"},
	"checkpoint gone": {change: unset("spec.checkpoint"), field: "spec.checkpoint.directory", value: "is /ckpt and cannot become unset"},
}

var withCheckpoint = set("spec.checkpoint.directory", "/ckpt")

func swapSets(obj map[string]any) {
	unset("spec.replicaSpecs[1].dependsOn")(obj)
	list := obj["spec"].(map[string]any)["replicaSpecs"].([]any)
	list[0], list[1] = list[1], list[0]
}

func TestFrozenWhileNotSuspended(t *testing.T) {
	for name, tt := range frozen {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := stored(t, withCheckpoint, unset("spec.replicaSpecs[1].dependsOn"))
			expectError(t, update(t, obj, tt.change), tt.field, tt.value,
				"while the job is not suspended: set spec.suspend to true, wait until its state is Suspended, then change it")
		})
	}
}

func TestFrozenWhileSuspendedPodsStillRun(t *testing.T) {
	obj := stored(t, withCheckpoint, set("spec.suspend", true))
	place(t, obj)
	expectError(t, update(t, obj, set("spec.framework", "JAX")), "spec.framework", "cannot become JAX", "wait until its state is Suspended")
}

func TestThawedWhileSuspended(t *testing.T) {
	for name, tt := range frozen {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := stored(t, withCheckpoint, unset("spec.replicaSpecs[1].dependsOn"), set("spec.suspend", true))
			if err := update(t, obj, tt.change); err != nil {
				t.Error(err)
			}
		})
	}
}

// What may change at any time.
func TestUpdatesWhilePlaced(t *testing.T) {
	obj := stored(t)
	place(t, obj)
	for name, change := range map[string]edit{
		"suspend":        set("spec.suspend", true),
		"resume":         set("spec.suspend", false),
		"deadline":       set("spec.runPolicy.activeDeadlineSeconds", 60),
		"failure policy": set("spec.failurePolicy.maxRestarts", 9),
		"preemptible":    set("spec.preemptible", false),
		"priority":       set("spec.priorityClassName", "high"),
		"progress":       set("spec.progressPolicy.logRules", yamlValue(`[{name: Keras}]`)),
		"labels":         set("metadata.labels", map[string]any{"team": "vision"}),
	} {
		if err := update(t, obj, change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManagedByNeverChanges(t *testing.T) {
	for name, change := range map[string]edit{
		"set":     set("spec.managedBy", "example.com/other"),
		"changed": set("spec.managedBy", "example.com/other"),
		"unset":   unset("spec.managedBy"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, was := set("spec.managedBy", "example.com/first"), "example.com/first"
			if name == "set" {
				before, was = all(), "unset"
			}
			obj := stored(t, before, set("spec.suspend", true))
			expectError(t, update(t, obj, change), "spec.managedBy", was, "create a new job")
		})
	}
}

// A job that an older release let in must not be stuck: it can be labelled,
// given a shorter deadline and suspended, but neither changed to something
// forbidden nor resumed before it is mended.
func TestOldJobsThatWouldBeRejectedNow(t *testing.T) {
	foreign := pod("schedulerName", "my-scheduler")
	enforce := relax(t, "trainingjob-pods.trainyard.dev", foreign)
	obj := stored(t, foreign)
	enforce()

	for _, change := range []edit{
		set("metadata.labels", map[string]any{"team": "vision"}),
		set("spec.runPolicy.activeDeadlineSeconds", 60),
		set("spec.suspend", true),
	} {
		if err := update(t, obj, change); err != nil {
			t.Error(err)
		}
	}
	expectError(t, update(t, obj, set("spec.suspend", false)), "schedulerName is my-scheduler", "remove it")
	if err := update(t, obj, pod("schedulerName", nil)); err != nil {
		t.Error(err)
	}
	if err := update(t, obj, set("spec.suspend", false)); err != nil {
		t.Error(err)
	}
}

// relax takes a policy out of force, for a change that it rejects, until the
// function that it returns is called.
func relax(t *testing.T, policy string, change edit) (enforce func()) {
	t.Helper()
	var binding *unstructured.Unstructured
	for _, obj := range installed {
		if obj.GetKind() == "ValidatingAdmissionPolicyBinding" && obj.GetName() == policy {
			binding = obj
		}
	}
	if err := errors.Join(admin.Delete(t.Context(), binding.DeepCopy()), untilRelaxed(t.Context(), change)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(admin.Create(t.Context(), binding.DeepCopy()), untilEnforced(t.Context(), change)); err != nil {
			t.Fatal(err)
		}
	}
}
