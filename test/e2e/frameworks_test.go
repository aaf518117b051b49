//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// The ranks of each framework find each other by what it reads from its
// environment. MPI is real; for JAX and TensorFlow the trainer reads what those
// libraries do, and make e2e-long runs the libraries themselves.
func TestFrameworks(t *testing.T) {
	t.Run("MPI", testMPI)
	for name, c := range map[string]struct {
		framework v1alpha1.Framework
		sets      []v1alpha1.ReplicaSpec
	}{
		"jax": {v1alpha1.FrameworkJAX, []v1alpha1.ReplicaSpec{replicas("host", 3, "meet")}},
		"tensorflow": {v1alpha1.FrameworkTensorFlow, []v1alpha1.ReplicaSpec{
			replicas("chief", 1, "meet"), replicas("ps", 1, "meet"), replicas("worker", 2, "meet"), replicas("evaluator", 1, "meet"),
		}},
	} {
		t.Run(string(c.framework), func(t *testing.T) {
			t.Parallel()
			job := training(name)
			job.Spec.Framework, job.Spec.ReplicaSpecs = c.framework, c.sets
			job.Spec.FailurePolicy.MaxRestarts = ptr.To[int32](0)
			create(t, job)
			eventually(t, name, time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
		})
	}
}

// mpirun starts two processes on each of two nodes by ssh, with the keys and
// the host file that the launchers made, and their sum is right. Nobody is root.
func testMPI(t *testing.T) {
	t.Parallel()
	job := training("mpi")
	job.Spec.Framework = v1alpha1.FrameworkMPI
	job.Spec.NumProcPerNode = ptr.To(intstr.FromInt32(2))
	job.Spec.Checkpoint = nil
	sshd := []string{"/usr/sbin/sshd", "-D", "-e", "-f", "/.trainyard/mpi/sshd_config"}
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{mpi("driver", "mpirun", "python3", "/app/sum.py"), mpi("left", sshd...), mpi("right", sshd...)}
	keepTo(&job.Spec.ReplicaSpecs[1], corev1.NodeSelectorOpIn, "node-1")
	keepTo(&job.Spec.ReplicaSpecs[2], corev1.NodeSelectorOpIn, "node-2")
	create(t, job)
	job = eventually(t, "mpi", 2*time.Minute, "Succeeded", inState(v1alpha1.StateSucceeded))
	if diff := cmp.Diff(map[string]string{"processes": "4", "hosts": "2", "sum": "6"}, metrics(job)); diff != "" {
		t.Errorf("what rank 0 reported (-want +got):\n%s", diff)
	}
}

func mpi(name string, command ...string) v1alpha1.ReplicaSpec {
	set := replicas(name, 1)
	container := &set.Template.Spec.Containers[0]
	container.Image, container.Command = "trainyard.dev/e2e/mpi:dev", command
	return set
}
