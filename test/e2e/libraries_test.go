//go:build e2e

package e2e

import (
	"flag"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

var libraries = flag.String("libraries", "", "description of an image with JAX and TensorFlow, which then run for real")

// JAX and TensorFlow themselves add up a number of every process, each on the
// nodes that the job got.
func TestLibraries(t *testing.T) {
	if *libraries == "" {
		t.Skip("make e2e-long runs JAX and TensorFlow")
	}
	for name, c := range map[string]struct {
		framework v1alpha1.Framework
		sets      []v1alpha1.ReplicaSpec
		want      map[string]string
	}{
		"real-jax": {
			v1alpha1.FrameworkJAX, []v1alpha1.ReplicaSpec{library("host", 3, "jax_sum.py")},
			map[string]string{"processes": "3", "sum": "3"},
		},
		"real-tensorflow": {
			v1alpha1.FrameworkTensorFlow, []v1alpha1.ReplicaSpec{library("chief", 1, "tensorflow_sum.py"), library("worker", 2, "tensorflow_sum.py")},
			map[string]string{"processes": "3", "sum": "3"},
		},
	} {
		t.Run(string(c.framework), func(t *testing.T) {
			job := training(name)
			job.Spec.Framework, job.Spec.ReplicaSpecs = c.framework, c.sets
			job.Spec.FailurePolicy.MaxRestarts = ptr.To[int32](0)
			create(t, job)
			job = eventually(t, name, 10*time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
			if diff := cmp.Diff(c.want, metrics(job)); diff != "" {
				t.Errorf("what the first process reported (-want +got):\n%s", diff)
			}
		})
	}
}

func library(name string, n int32, program string) v1alpha1.ReplicaSpec {
	set := replicas(name, n)
	container := &set.Template.Spec.Containers[0]
	container.Image, container.Command = "trainyard.dev/e2e/libraries:dev", []string{"python3", "/app/" + program}
	container.Resources.Requests["cpu"] = resource.MustParse("700m") // one a node, or two
	return set
}

// metrics are those that a job's first rank reported.
func metrics(job *v1alpha1.TrainingJob) map[string]string {
	out := map[string]string{}
	if job.Status.Progress == nil {
		return out
	}
	for _, m := range job.Status.Progress.Metrics {
		out[m.Name] = m.Value
	}
	return out
}
