package render_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares an object with the file of its name.
func golden(t *testing.T, name string, object any) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestGoldenPods(t *testing.T) {
	cases := map[string]struct {
		job   builder
		set   int
		index int32
	}{
		"pytorch":       {job: train(v1alpha1.FrameworkPyTorch).set("worker", 2, gpus(8)), index: 1},
		"pytorch-never": {job: train(v1alpha1.FrameworkPyTorch).set("worker", 2, gpus(8)).checkpoints().never(), index: 1},
		"jax":           {job: train(v1alpha1.FrameworkJAX).set("host", 2), index: 1},
		"jax-never":     {job: train(v1alpha1.FrameworkJAX).set("host", 2).never(), index: 1},
		"tensorflow":    {job: train(v1alpha1.FrameworkTensorFlow).set("chief", 1).set("worker", 2).set("ps", 1), set: 1},
		"mpi-launcher":  {job: train(v1alpha1.FrameworkMPI).set("launcher", 1).set("worker", 2, gpus(4))},
		"mpi-worker":    {job: train(v1alpha1.FrameworkMPI).set("launcher", 1).set("worker", 2, gpus(4)), set: 1, index: 1},
		"generic":       {job: train(v1alpha1.FrameworkGeneric).set("worker", 1)},
		"generic-image-command": {job: train(v1alpha1.FrameworkGeneric).set("worker", 1, func(spec *corev1.PodSpec) {
			spec.Containers[0].Command, spec.Containers[0].Args = nil, nil
		})},
		"everything": {job: everything(), index: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { golden(t, name, pod(t, c.job, c.set, c.index)) })
	}
}

// everything uses what a template and a job can hold.
func everything() builder {
	b := train(v1alpha1.FrameworkPyTorch).checkpoints().set("worker", 2, func(spec *corev1.PodSpec) {
		spec.HostNetwork = true
		spec.NodeSelector = map[string]string{"gpu": "h100"}
		spec.Tolerations = []corev1.Toleration{
			{Key: "nvidia.com/gpu", Operator: corev1.TolerationOpExists},
			{Key: v1alpha1.Prefix + "quarantine", Operator: corev1.TolerationOpExists},
		}
		spec.PriorityClassName = "urgent"
		spec.Priority = ptr.To[int32](1000)
		spec.NodeName = "node-7"
		spec.Hostname = "mine"
		spec.RestartPolicy = corev1.RestartPolicyAlways
		spec.TerminationGracePeriodSeconds = ptr.To[int64](90)
		spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](0)}
		spec.Volumes = []corev1.Volume{{Name: "ckpt", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "shared"},
		}}}
		spec.InitContainers = []corev1.Container{{
			Name: "log-shipper", Image: "example.org/ship:v1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways),
		}}
		c := &spec.Containers[0]
		c.Args = []string{"--out=$(TRAINYARD_CHECKPOINT_DIR)", "--me=$(TRAINYARD_RANK)"}
		c.Env = []corev1.EnvVar{
			{Name: "MASTER_PORT", Value: "12345"},
			{Name: "TRAINYARD_RANK", Value: "0"},
			{Name: "RUN", Value: "$(TRAINYARD_JOB_NAME)-$(TRAINYARD_ATTEMPT)"},
		}
		c.VolumeMounts = []corev1.VolumeMount{{Name: "ckpt", MountPath: "/mnt/ckpt"}}
		c.TerminationMessagePath = "/tmp/last-words"
		spec.Containers = append(spec.Containers, corev1.Container{Name: "metrics", Image: "example.org/metrics:v1"})
	})
	template := &b.Spec.ReplicaSpecs[0].Template
	template.ObjectMeta = metav1.ObjectMeta{
		Name: "mine", Namespace: "elsewhere", Finalizers: []string{"example.org/hold"},
		Labels:      map[string]string{"team": "vision", v1alpha1.LabelIndex: "0", v1alpha1.Prefix + "mine": "x"},
		Annotations: map[string]string{"note": "first", v1alpha1.AnnotationInstruction: "{}", v1alpha1.Prefix + "mine": "x"},
	}
	return b.with(func(spec *v1alpha1.TrainingJobSpec) {
		spec.FailurePolicy = &v1alpha1.FailurePolicy{
			RestartStrategy: v1alpha1.RestartInPlace, AttributionWindowSeconds: ptr.To[int32](30), OrphanSeconds: ptr.To[int32](0),
		}
		spec.ProgressPolicy = &v1alpha1.ProgressPolicy{LogRules: []v1alpha1.LogRule{
			{Name: "HFTrainer"}, {Name: "own", Pattern: `^it (?P<step>\d+)$`},
		}}
	})
}

func TestGoldenShape(t *testing.T) {
	shape, err := renderer(t, train(v1alpha1.FrameworkPyTorch).set("worker", 2, gpus(8)), options).Shape(0)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "shape", shape)
}

func TestGoldenResumption(t *testing.T) {
	opts := options
	opts.ResumeFrom, opts.ClusterDomain = "attempt-0001/step-00000100", "cluster.local"
	for name, b := range map[string]builder{
		"resume":       train(v1alpha1.FrameworkPyTorch).set("worker", 2).checkpoints(),
		"resume-never": train(v1alpha1.FrameworkPyTorch).set("worker", 2).checkpoints().never(),
	} {
		p, err := renderer(t, b, opts).Pod(0, 0, ranks.Slot{Node: "node-1", Attempt: 2})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, p)
	}
}

func TestGoldenService(t *testing.T) {
	golden(t, "service", render.Service(train(v1alpha1.FrameworkPyTorch).set("worker", 2).TrainingJob))
}

func TestGoldenEndpointSlices(t *testing.T) {
	slices, err := render.EndpointSlices(train(v1alpha1.FrameworkPyTorch).set("chief", 1).set("worker", 2).TrainingJob, []render.Endpoint{
		{Rank: 2, Pod: "resnet-worker-1-1", UID: "c", IPs: []string{"10.0.0.3"}},
		{Rank: 0, Pod: "resnet-chief-0-1", UID: "a", IPs: []string{"10.0.0.1", "fd00::1"}, Node: "node-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "endpointslices", slices)
}
