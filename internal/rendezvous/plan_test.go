package rendezvous_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/rendezvous"
)

const uid = "0a1b2c3d-4e5f"

// set is a set of pods in a test; its name may be followed by what it waits
// for: "train after prepare" or "train beside store".
type set struct {
	name     string
	replicas int32
	limits   corev1.ResourceList
	hostNet  bool
}

func job(framework v1alpha1.Framework, sets ...set) *v1alpha1.TrainingJob {
	job := &v1alpha1.TrainingJob{
		ObjectMeta: metav1.ObjectMeta{Name: "bert", Namespace: "nlp", UID: uid},
		Spec:       v1alpha1.TrainingJobSpec{Framework: framework},
	}
	for _, s := range sets {
		words := strings.Fields(s.name)
		spec := v1alpha1.ReplicaSpec{Name: words[0], Replicas: s.replicas}
		if len(words) == 3 {
			state := map[string]v1alpha1.DependencyState{"after": v1alpha1.DependencySucceeded, "beside": v1alpha1.DependencyReady}[words[1]]
			spec.DependsOn = &v1alpha1.Dependency{Name: words[2], State: state}
		}
		spec.Template.Spec = corev1.PodSpec{
			HostNetwork: s.hostNet,
			Containers:  []corev1.Container{{Resources: corev1.ResourceRequirements{Limits: s.limits}}},
		}
		job.Spec.ReplicaSpecs = append(job.Spec.ReplicaSpecs, spec)
	}
	return job
}

func gpus(n string) corev1.ResourceList {
	return corev1.ResourceList{"nvidia.com/gpu": resource.MustParse(n)}
}

func plan(t *testing.T, job *v1alpha1.TrainingJob) *rendezvous.Plan {
	t.Helper()
	p, err := rendezvous.New(job, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// env is what one replica gets in attempt 3.
func env(t *testing.T, p *rendezvous.Plan, set int, index int32) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, v := range p.AppendEnv(nil, set, index, 3) {
		if _, twice := got[v.Name]; twice {
			t.Errorf("%s is set twice", v.Name)
		}
		if v.ValueFrom != nil || strings.Contains(v.Value, "$") {
			t.Errorf("%s = %v: want a plain value that the kubelet leaves alone", v.Name, v)
		}
		got[v.Name] = v.Value
	}
	return got
}

func TestEnvironment(t *testing.T) {
	cases := map[string]struct {
		job   *v1alpha1.TrainingJob
		set   int
		index int32
		want  map[string]string
	}{
		"PyTorch, the second of two pods with 8 GPUs": {
			job: job(v1alpha1.FrameworkPyTorch, set{name: "worker", replicas: 2, limits: gpus("8")}), index: 1,
			want: map[string]string{
				"MASTER_ADDR": "worker-0.bert.nlp.svc", "MASTER_PORT": "29500",
				"WORLD_SIZE": "16", "RANK": "8", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "8",
				"NODE_RANK": "1", "GROUP_RANK": "1",
				"PET_NNODES": "2", "PET_NPROC_PER_NODE": "8", "PET_NODE_RANK": "1",
				"PET_MASTER_ADDR": "worker-0.bert.nlp.svc", "PET_MASTER_PORT": "29500",
				"PET_RDZV_BACKEND": "static", "PET_RDZV_ENDPOINT": "worker-0.bert.nlp.svc:29500",
				"PET_RDZV_CONF": "is_host=false", "PET_RDZV_ID": uid + "-3", "PET_MAX_RESTARTS": "0",
				"TRAINYARD_SET_MEMBERS": "2", "TRAINYARD_NUM_PROC_PER_NODE": "8", "TRAINYARD_WORLD_SIZE": "16",
				"TRAINYARD_FIRST_PROCESS": "8", "TRAINYARD_DOMAIN": "bert.nlp.svc",
				"TRAINYARD_LEADER_HOST": "worker-0.bert.nlp.svc",
			},
		},
		"PyTorch counts processes through sets of different size": {
			job: job(v1alpha1.FrameworkPyTorch,
				set{name: "big", replicas: 2, limits: gpus("4")}, set{name: "small", replicas: 3, limits: gpus("2")}),
			set: 1, index: 1,
			want: map[string]string{
				"MASTER_ADDR": "big-0.bert.nlp.svc", "WORLD_SIZE": "14", "RANK": "10", "LOCAL_WORLD_SIZE": "2",
				"NODE_RANK": "3", "PET_NNODES": "5", "PET_NODE_RANK": "3", "PET_NPROC_PER_NODE": "2",
			},
		},
		"PyTorch's rank 0 hosts the store": {
			job:  job(v1alpha1.FrameworkPyTorch, set{name: "worker", replicas: 2}),
			want: map[string]string{"RANK": "0", "WORLD_SIZE": "2", "PET_RDZV_CONF": "is_host=true"},
		},
		"JAX runs one process a pod whatever its GPUs": {
			job: job(v1alpha1.FrameworkJAX, set{name: "host", replicas: 3, limits: gpus("8")}), index: 2,
			want: map[string]string{
				"JAX_COORDINATOR_ADDRESS": "host-0.bert.nlp.svc:1234", "JAX_NUM_PROCESSES": "3", "JAX_PROCESS_ID": "2",
			},
		},
		"TensorFlow's workers of several sets are counted on": {
			job: job(v1alpha1.FrameworkTensorFlow, set{name: "chief", replicas: 1}, set{name: "worker", replicas: 2},
				set{name: "extra", replicas: 1}, set{name: "ps", replicas: 1}),
			set: 2,
			want: map[string]string{"TF_CONFIG": `{"cluster":{"chief":["chief-0.bert.nlp.svc:2222"],"ps":["ps-0.bert.nlp.svc:2222"],` +
				`"worker":["worker-0.bert.nlp.svc:2222","worker-1.bert.nlp.svc:2222","extra-0.bert.nlp.svc:2222"]},` +
				`"environment":"cloud","task":{"type":"worker","index":2}}`},
		},
		"TensorFlow's evaluator is no member of the cluster": {
			job: job(v1alpha1.FrameworkTensorFlow, set{name: "worker", replicas: 1}, set{name: "evaluator", replicas: 1}),
			set: 1,
			want: map[string]string{"TF_CONFIG": `{"cluster":{"worker":["worker-0.bert.nlp.svc:2222"]},` +
				`"environment":"cloud","task":{"type":"evaluator","index":0}}`},
		},
		"MPI's rank 0 in a set of its own starts nothing on itself": {
			job:  job(v1alpha1.FrameworkMPI, set{name: "launcher", replicas: 1}, set{name: "worker", replicas: 2, limits: gpus("4")}),
			want: map[string]string{"TRAINYARD_MPI_HOSTS": `[{"host":"worker-*.bert.nlp.svc","count":2,"slots":4}]`},
		},
		"MPI's workers need no list": {
			job: job(v1alpha1.FrameworkMPI, set{name: "launcher", replicas: 1}, set{name: "worker", replicas: 2}), set: 1, index: 1,
			want: map[string]string{"TRAINYARD_MPI_HOSTS": ""},
		},
		"nor does the first of them": {
			job: job(v1alpha1.FrameworkMPI, set{name: "launcher", replicas: 1}, set{name: "worker", replicas: 2}), set: 1,
			want: map[string]string{"TRAINYARD_MPI_HOSTS": ""},
		},
		"Generic": {
			job: job(v1alpha1.FrameworkGeneric, set{name: "a", replicas: 1}, set{name: "b", replicas: 4, limits: gpus("2")}),
			set: 1, index: 3,
			want: map[string]string{
				"TRAINYARD_SET_MEMBERS": "4", "TRAINYARD_NUM_PROC_PER_NODE": "2", "TRAINYARD_WORLD_SIZE": "9",
				"TRAINYARD_FIRST_PROCESS": "7", "TRAINYARD_DOMAIN": "bert.nlp.svc", "TRAINYARD_LEADER_HOST": "a-0.bert.nlp.svc",
				"WORLD_SIZE": "", "MASTER_ADDR": "",
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			all := env(t, plan(t, c.job), c.set, c.index)
			got := map[string]string{}
			for name := range c.want {
				got[name] = all[name]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClusterDomainEndsTheNames(t *testing.T) {
	p, err := rendezvous.New(job(v1alpha1.FrameworkJAX, set{name: "host", replicas: 1}), "cluster.local")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Host(0, 0); got != "host-0.bert.nlp.svc.cluster.local" {
		t.Errorf("Host(0, 0) = %s", got)
	}
	if got := env(t, p, 0, 0)["JAX_COORDINATOR_ADDRESS"]; got != "host-0.bert.nlp.svc.cluster.local:1234" {
		t.Errorf("JAX_COORDINATOR_ADDRESS = %s", got)
	}
}

// TestTheLargestJobs: 4096 pods, with names as long as they may be.
func TestTheLargestJobs(t *testing.T) {
	largest := func(framework v1alpha1.Framework, name, worker string) *v1alpha1.TrainingJob {
		j := job(framework, set{name: "chief", replicas: 1}, set{name: worker, replicas: 4095})
		j.Name, j.Namespace = name, strings.Repeat("n", len(name))
		return j
	}
	long := strings.Repeat("w", 32)
	for _, framework := range []v1alpha1.Framework{
		v1alpha1.FrameworkPyTorch, v1alpha1.FrameworkJAX, v1alpha1.FrameworkMPI, v1alpha1.FrameworkGeneric,
	} {
		p := plan(t, largest(framework, "a-job-of-18-chars.", long))
		for _, v := range p.AppendEnv(nil, 0, 0, 1) {
			if len(v.Value) > 1000 {
				t.Errorf("%s: %s has %d bytes", framework, v.Name, len(v.Value))
			}
		}
	}
	p := plan(t, largest(v1alpha1.FrameworkTensorFlow, "gpt", "w"))
	if n := len(env(t, p, 1, 4094)["TF_CONFIG"]); n >= 128<<10 {
		t.Errorf("TF_CONFIG has %d bytes, which no program can be started with", n)
	}
	_, err := rendezvous.New(largest(v1alpha1.FrameworkTensorFlow, "gpt", long), "")
	if err == nil || !strings.Contains(err.Error(), "the list of hosts in TF_CONFIG has 2") || !strings.Contains(err.Error(), "use fewer replicas, or shorter names") {
		t.Errorf("error %v, want one that names the size and the cure", err)
	}
}

func TestProcesses(t *testing.T) {
	number := func(n int) *intstr.IntOrString { return ptr.To(intstr.FromInt(n)) }
	auto := ptr.To(intstr.FromString("auto"))
	cases := map[string]struct {
		framework v1alpha1.Framework
		given     *intstr.IntOrString
		limits    corev1.ResourceList
		want      string
	}{
		"one without GPUs":              {want: "1"},
		"one a GPU":                     {limits: gpus("8"), want: "8"},
		"auto is the default":           {given: auto, limits: gpus("8"), want: "8"},
		"a number overrules the GPUs":   {given: number(2), limits: gpus("8"), want: "2"},
		"another vendor's GPUs":         {limits: corev1.ResourceList{"amd.com/gpu": resource.MustParse("4")}, want: "4"},
		"MIG instances":                 {limits: corev1.ResourceList{"nvidia.com/mig-1g.10gb": resource.MustParse("3")}, want: "3"},
		"GPUs of two kinds":             {limits: corev1.ResourceList{"nvidia.com/mig-1g.10gb": resource.MustParse("3"), "nvidia.com/gpu": resource.MustParse("1")}, want: "4"},
		"shares of a GPU are no GPUs":   {limits: corev1.ResourceList{"nvidia.com/gpu.shared": resource.MustParse("3")}, want: "1"},
		"a resource without domain":     {limits: corev1.ResourceList{"gpu": resource.MustParse("3"), "/gpu": resource.MustParse("3")}, want: "1"},
		"CPUs are no GPUs":              {limits: corev1.ResourceList{"cpu": resource.MustParse("32")}, want: "1"},
		"no more than a job may give":   {limits: gpus("1e12"), want: "128"},
		"none for a request of nothing": {limits: gpus("0"), want: "1"},
		"JAX takes a number":            {framework: v1alpha1.FrameworkJAX, given: number(4), limits: gpus("8"), want: "4"},
		"TensorFlow's task is one":      {framework: v1alpha1.FrameworkTensorFlow, given: number(4), limits: gpus("8"), want: "1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := job(c.framework, set{name: "worker", replicas: 1, limits: c.limits})
			j.Spec.NumProcPerNode = c.given
			if got := env(t, plan(t, j), 0, 0)[rendezvous.EnvProcesses]; got != c.want {
				t.Errorf("processes = %s, want %s", got, c.want)
			}
		})
	}
}

func TestProcessesWithoutContainers(t *testing.T) {
	j := job(v1alpha1.FrameworkPyTorch, set{name: "worker", replicas: 1})
	j.Spec.ReplicaSpecs[0].Template.Spec.Containers = nil
	if got := env(t, plan(t, j), 0, 0)[rendezvous.EnvProcesses]; got != "1" {
		t.Errorf("processes = %s, want 1", got)
	}
}

func TestUnknownFramework(t *testing.T) {
	_, err := rendezvous.New(job("Caffe", set{name: "worker", replicas: 1}), "")
	if err == nil || !strings.Contains(err.Error(), `spec.framework: "Caffe"`) {
		t.Errorf("error %v", err)
	}
}
