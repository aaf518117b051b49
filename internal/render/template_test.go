package render_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/randfill"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
	"github.com/trainyard/trainyard/internal/render"
)

// frameworks are all of them.
var frameworks = []v1alpha1.Framework{
	v1alpha1.FrameworkPyTorch, v1alpha1.FrameworkJAX, v1alpha1.FrameworkTensorFlow, v1alpha1.FrameworkMPI, v1alpha1.FrameworkGeneric,
}

// arbitrary is a job with two sets whose templates have something in most
// fields that a pod has, sensible or not.
func arbitrary(seed int64) builder {
	filler := randfill.NewWithSeed(seed).NilChance(0.3).NumElements(1, 3).MaxDepth(12).Funcs(
		func(q *resource.Quantity, _ randfill.Continue) { *q = resource.MustParse("3") },
		func(*metav1.Time, randfill.Continue) {},
		func(*metav1.FieldsV1, randfill.Continue) {},
	)
	b := train(frameworks[seed%int64(len(frameworks))]).checkpoints()
	for _, name := range []string{"first", "second"} {
		var template corev1.PodTemplateSpec
		filler.Fill(&template)
		var first corev1.Container
		filler.Fill(&first)
		first.Command = append(first.Command, "train")
		template.Spec.Containers = append([]corev1.Container{first}, template.Spec.Containers...)
		b.Spec.ReplicaSpecs = append(b.Spec.ReplicaSpecs, v1alpha1.ReplicaSpec{Name: name, Replicas: 2, Template: template})
	}
	if seed%7 == 0 && b.Spec.Framework != v1alpha1.FrameworkMPI {
		b.never()
	}
	return b
}

// TestTheRestOfTheTemplateIsUntouched: a pod holds what its template holds, but
// for the fields that are named here.
func TestTheRestOfTheTemplateIsUntouched(t *testing.T) {
	for seed := range int64(80) {
		b := arbitrary(seed)
		template := b.Spec.ReplicaSpecs[1].Template.DeepCopy()
		got := pod(t, b, 1, 1)
		if render.UsesLauncher(b.TrainingJob, 1) {
			takeLauncherOut(t, got, template)
		}
		overlookOurs(&got.Spec)
		overlookOurs(&template.Spec)
		got.Spec.Containers[0].Command, template.Spec.Containers[0].Command = nil, nil
		if diff := cmp.Diff(template.Spec, got.Spec); diff != "" {
			t.Fatalf("seed %d (-template +pod):\n%s", seed, diff)
		}
	}
}

// takeLauncherOut removes what the launcher added.
func takeLauncherOut(t *testing.T, pod *corev1.Pod, template *corev1.PodTemplateSpec) {
	t.Helper()
	spec, first := &pod.Spec, &pod.Spec.Containers[0]
	if spec.InitContainers[0].Name != "trainyard-launcher" {
		t.Fatalf("first init container is %s", spec.InitContainers[0].Name)
	}
	spec.InitContainers = orNil(spec.InitContainers[1:], template.Spec.InitContainers)
	spec.Volumes = orNil(spec.Volumes[:len(spec.Volumes)-2], template.Spec.Volumes)
	first.VolumeMounts = orNil(first.VolumeMounts[:len(first.VolumeMounts)-2], template.Spec.Containers[0].VolumeMounts)
	if want := append([]string{"/.trainyard/launcher", "run", "--"}, template.Spec.Containers[0].Command...); !slices.Equal(want, first.Command) {
		t.Errorf("command %q, want %q", first.Command, want)
	}
}

// orNil keeps an empty slice from differing from none.
func orNil[T any](s, like []T) []T {
	if len(s) == 0 {
		return like
	}
	return s
}

// overlookOurs forgets what is Trainyard's to decide; tests of their own say how.
func overlookOurs(spec *corev1.PodSpec) {
	spec.RestartPolicy, spec.NodeName, spec.Subdomain, spec.Hostname, spec.HostnameOverride = "", "", "", "", nil
	spec.PriorityClassName, spec.Priority, spec.PreemptionPolicy = "", nil, nil
	spec.SchedulerName, spec.SchedulingGates, spec.SchedulingGroup = "", nil, nil
	spec.SetHostnameAsFQDN, spec.ActiveDeadlineSeconds, spec.Overhead = nil, nil, nil
	spec.EphemeralContainers, spec.AutomountServiceAccountToken = nil, nil
	if spec.DNSPolicy == corev1.DNSClusterFirstWithHostNet {
		spec.DNSPolicy = ""
	}
	overlookPin(spec)
	for i := range spec.Containers {
		spec.Containers[i].RestartPolicy, spec.Containers[i].RestartPolicyRules = nil, nil
	}
	for i := range spec.InitContainers {
		spec.InitContainers[i].RestartPolicyRules = nil
	}
	spec.Containers[0].Env, spec.Containers[0].Ports = nil, nil
}

func overlookPin(spec *corev1.PodSpec) {
	if spec.Affinity == nil {
		return
	}
	if node := spec.Affinity.NodeAffinity; node != nil {
		node.RequiredDuringSchedulingIgnoredDuringExecution = nil
		if reflect.ValueOf(*node).IsZero() {
			spec.Affinity.NodeAffinity = nil
		}
	}
	if reflect.ValueOf(*spec.Affinity).IsZero() {
		spec.Affinity = nil
	}
}

// TestNoMemoryIsShared: neither the job nor another pod can change a pod, nor
// the other way round.
func TestNoMemoryIsShared(t *testing.T) {
	for seed := range int64(16) {
		b := arbitrary(seed)
		before := b.DeepCopy()
		r := renderer(t, b, options)
		one, err := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
		if err != nil {
			t.Fatal(err)
		}
		two, _ := r.Pod(0, 1, ranks.Slot{Node: "node-1", Attempt: 2})
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("seed %d: rendered twice (-first +second):\n%s", seed, diff)
		}
		if diff := cmp.Diff(before, b.TrainingJob); diff != "" {
			t.Fatalf("seed %d: rendering changed the job:\n%s", seed, diff)
		}
		for name, other := range map[string]any{"the job": b.TrainingJob, "another pod": two} {
			if path := shared(one, other); path != "" {
				t.Fatalf("seed %d: the pod shares %s with %s", seed, path, name)
			}
		}
	}
}

// shared is the path of the first memory that two objects share, if any.
func shared(a, b any) string {
	owned := map[uintptr]bool{}
	memory(reflect.ValueOf(b), "", func(_ string, address uintptr) { owned[address] = true })
	found := ""
	memory(reflect.ValueOf(a), "", func(path string, address uintptr) {
		if owned[address] && found == "" {
			found = path
		}
	})
	return found
}

// memory visits all memory that can be written through a value.
func memory(v reflect.Value, path string, visit func(path string, address uintptr)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() || v.Kind() == reflect.Slice && v.Cap() == 0 || v.Kind() == reflect.Pointer && v.Type().Elem().Size() == 0 {
			return
		}
		visit(path, v.Pointer())
	}
	switch v.Kind() {
	case reflect.Pointer:
		memory(v.Elem(), path, visit)
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			memory(i.Value(), path+"["+i.Key().String()+"]", visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			memory(v.Index(i), path+"[]", visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				memory(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
			}
		}
	}
}

func TestAChangeOfTheJobDoesNotReachItsRenderer(t *testing.T) {
	b := train(v1alpha1.FrameworkPyTorch).set("worker", 2, gpus(8))
	r := renderer(t, b, options)
	want, _ := r.Pod(0, 0, ranks.Slot{Attempt: 1})
	b.Name, b.UID = "other", "other"
	b.Spec.ReplicaSpecs[0].Template.Spec.Containers[0].Command[0] = "rm"
	b.Spec.ReplicaSpecs[0].Replicas = 1
	if got, _ := r.Pod(0, 0, ranks.Slot{Attempt: 1}); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestWhatATemplateMayNotDecide(t *testing.T) {
	p := pod(t, everything(), 0, 1)
	always := corev1.ContainerRestartPolicyAlways
	stubborn := train(v1alpha1.FrameworkGeneric).set("worker", 1, func(spec *corev1.PodSpec) {
		rules := []corev1.ContainerRestartRule{{Action: corev1.ContainerRestartRuleActionRestart}}
		spec.HostnameOverride = ptr.To("mine")
		spec.PreemptionPolicy = ptr.To(corev1.PreemptLowerPriority)
		spec.SetHostnameAsFQDN = ptr.To(true)
		spec.SchedulerName, spec.SchedulingGates = "other", []corev1.PodSchedulingGate{{Name: "example.org/wait"}}
		spec.SchedulingGroup = &corev1.PodSchedulingGroup{}
		spec.ActiveDeadlineSeconds = ptr.To[int64](1)
		spec.Overhead = list("1", "1Gi")
		spec.EphemeralContainers = []corev1.EphemeralContainer{{}}
		spec.Containers[0].RestartPolicy, spec.Containers[0].RestartPolicyRules = &always, rules
		spec.InitContainers = []corev1.Container{{RestartPolicy: &always, RestartPolicyRules: rules}}
	})
	q := pod(t, stubborn, 0, 0)
	for name, ok := range map[string]bool{
		"the kubelet restarts nothing":              p.Spec.RestartPolicy == corev1.RestartPolicyNever && q.Spec.Containers[0].RestartPolicy == nil,
		"by no rule either":                         q.Spec.Containers[0].RestartPolicyRules == nil && q.Spec.InitContainers[1].RestartPolicyRules == nil,
		"a sidecar stays one":                       q.Spec.InitContainers[1].RestartPolicy == &always || *q.Spec.InitContainers[1].RestartPolicy == always,
		"the scheduler is not passed by":            p.Spec.NodeName == "",
		"names are Trainyard's":                     p.Spec.Hostname == "worker-1" && p.Spec.Subdomain == "resnet" && q.Spec.HostnameOverride == nil && q.Spec.SetHostnameAsFQDN == nil,
		"so is the pod's own":                       p.Name == "resnet-worker-1-2" && p.Namespace == "vision",
		"one priority class for all":                p.Spec.PriorityClassName == v1alpha1.PriorityClassName && p.Spec.Priority == nil && q.Spec.PreemptionPolicy == nil,
		"finalizers are nobody's":                   len(p.Finalizers) == 0,
		"no debug container comes along":            q.Spec.EphemeralContainers == nil,
		"labels of ours are ours":                   p.Labels[v1alpha1.LabelIndex] == "1" && p.Labels["team"] == "vision",
		"annotations of ours are ours":              strings.Contains(p.Annotations[v1alpha1.AnnotationInstruction], `"attempt":2`) && p.Annotations["note"] == "first",
		"a quarantined node is not tolerated":       len(p.Spec.Tolerations) == 1 && p.Spec.Tolerations[0].Key == "nvidia.com/gpu",
		"no token without asking":                   p.Spec.AutomountServiceAccountToken != nil && !*p.Spec.AutomountServiceAccountToken,
		"names resolve on the host's network":       p.Spec.DNSPolicy == corev1.DNSClusterFirstWithHostNet,
		"the DNS policy is else left to the server": q.Spec.DNSPolicy == "",
	} {
		if !ok {
			t.Error(name)
		}
	}
}

func TestATokenIsMountedOnRequest(t *testing.T) {
	p := pod(t, train(v1alpha1.FrameworkGeneric).set("worker", 1, func(spec *corev1.PodSpec) {
		spec.AutomountServiceAccountToken = ptr.To(true)
	}), 0, 0)
	if !*p.Spec.AutomountServiceAccountToken {
		t.Error("the token that the template asks for is not mounted")
	}
}

// pick is one of several values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }
