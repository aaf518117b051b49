//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// sharedPath is the lab's storage that all real nodes share.
const sharedPath = "/var/lib/trainyard/shared"

// training is a job of two ranks on real nodes, each in a set of its own so
// that a test can say where it runs.
func training(name string, args ...string) *v1alpha1.TrainingJob {
	job := &v1alpha1.TrainingJob{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	job.Spec.ReplicaSpecs = []v1alpha1.ReplicaSpec{replicas("first", 1, args...), replicas("second", 1, args...)}
	job.Spec.Checkpoint = &v1alpha1.CheckpointPolicy{Directory: sharedPath}
	job.Spec.FailurePolicy = &v1alpha1.FailurePolicy{}
	return job
}

func replicas(name string, n int32, args ...string) v1alpha1.ReplicaSpec {
	set := v1alpha1.ReplicaSpec{Name: name, Replicas: n}
	set.Template.Spec = corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](65532), RunAsGroup: ptr.To[int64](65532),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		NodeSelector:                  map[string]string{"topology.trainyard.dev/block": "block-real"},
		TerminationGracePeriodSeconds: ptr.To[int64](10),
		Containers: []corev1.Container{{
			Name: "train", Image: "trainyard.dev/e2e/trainer:dev", Command: append([]string{"/trainer"}, args...),
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("50m"), "memory": resource.MustParse("32Mi")}},
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
			VolumeMounts: []corev1.VolumeMount{{Name: "shared", MountPath: sharedPath}},
		}},
		Volumes: []corev1.Volume{{Name: "shared", VolumeSource: corev1.VolumeSource{
			HostPath: &corev1.HostPathVolumeSource{Path: sharedPath, Type: ptr.To(corev1.HostPathDirectory)},
		}}},
	}
	return set
}

// keepTo has a set run on some nodes only, or on all others but those.
func keepTo(set *v1alpha1.ReplicaSpec, operator corev1.NodeSelectorOperator, nodes ...string) {
	set.Template.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: operator, Values: nodes}},
		}}},
	}}
}

// awayFromManager has the first rank run where the leading manager does not,
// and the second beside it, and returns that node.
func awayFromManager(t *testing.T, job *v1alpha1.TrainingJob) (leader string) {
	t.Helper()
	leader, err := lab.LeaderNode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keepTo(&job.Spec.ReplicaSpecs[0], corev1.NodeSelectorOpNotIn, leader)
	keepTo(&job.Spec.ReplicaSpecs[1], corev1.NodeSelectorOpIn, leader)
	return leader
}

func create(t *testing.T, job *v1alpha1.TrainingJob) {
	t.Helper()
	name := job.Namespace + "/" + job.Name
	t.Cleanup(func() { remove(t, name) })
	if err := kube.Create(t.Context(), job); err != nil {
		t.Fatal(err)
	}
}

// steps tells whether a job runs and has come so far.
func steps(n int64) func(*v1alpha1.TrainingJob) bool {
	return func(job *v1alpha1.TrainingJob) bool {
		p := job.Status.Progress
		return job.Status.State == v1alpha1.StateRunning && p != nil && p.Step != nil && *p.Step >= n
	}
}

// nodeOf is where a set's first rank is placed.
func nodeOf(t *testing.T, job *v1alpha1.TrainingJob, set string) string {
	t.Helper()
	for i := range job.Status.Admission.Assignments {
		if a := &job.Status.Admission.Assignments[i]; a.Set == set {
			return a.Node
		}
	}
	t.Fatalf("%s has no place: %+v", set, job.Status.Admission)
	return ""
}

// podsOf are the pods of a job that are not gone.
func podsOf(t *testing.T, job *v1alpha1.TrainingJob) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	if err := kube.List(context.Background(), &list, client.InNamespace(job.Namespace),
		client.MatchingLabels{v1alpha1.LabelJobUID: string(job.UID)}); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// process is a process of a job, the launcher apart. The lab's nodes share this
// machine's kernel, so it is seen whether or not its node can be reached.
type process struct {
	pid     int
	rank    string
	attempt string
}

// processesOf are the processes of a job, wherever they run.
func processesOf(t *testing.T, job *v1alpha1.TrainingJob) []process {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var out []process
	for _, file := range all {
		environ, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(environ), "TRAINYARD_JOB_UID="+string(job.UID)+"\x00") {
			continue // ended meanwhile, or somebody else's
		}
		dir := filepath.Dir(file)
		if name, err := os.ReadFile(filepath.Join(dir, "comm")); err != nil || strings.TrimSpace(string(name)) != "trainer" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, process{pid: pid, rank: variable(environ, "TRAINYARD_RANK"), attempt: variable(environ, "TRAINYARD_ATTEMPT")})
	}
	return out
}

func variable(environ []byte, name string) string {
	for kv := range strings.SplitSeq(string(environ), "\x00") {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// crash kills a rank's process.
func crash(t *testing.T, job *v1alpha1.TrainingJob, rank string) {
	t.Helper()
	for _, p := range processesOf(t, job) {
		if p.rank == rank {
			if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("rank %s has no process", rank)
}

// commits are the checkpoints that an attempt has committed, as the shared
// storage has them.
func commits(t *testing.T, job *v1alpha1.TrainingJob, attempt string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(filepath.Dir(lab.Kubeconfig()), "shared", job.Name+"-"+string(job.UID)[:8], "attempt-"+attempt, "step-*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i] = filepath.Base(all[i])
	}
	return all // sorted, as the numbers are
}
