package clusterstate

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// resources reads "cpu=2 nvidia.com/gpu=8".
func resources(text string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, field := range strings.Fields(text) {
		name, q, _ := strings.Cut(field, "=")
		out[corev1.ResourceName(name)] = resource.MustParse(q)
	}
	return out
}

// makeNode is a ready node that offers so much.
func makeNode(name, allocatable string, edits ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("node-" + name), ResourceVersion: "1", Labels: map[string]string{"kubernetes.io/hostname": name}},
		Status: corev1.NodeStatus{
			Allocatable: resources(allocatable),
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	for _, edit := range edits {
		edit(n)
	}
	return n
}

func labelled(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func tainted(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: "yes", Effect: effect})
	}
}

// spec is a pod's spec with one container that requests so much.
func spec(requests string, edits ...func(*corev1.PodSpec)) *corev1.PodSpec {
	s := &corev1.PodSpec{Containers: []corev1.Container{{
		Name: "main", Resources: corev1.ResourceRequirements{Requests: resources(requests)},
	}}}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func withPort(ip string, number int32, protocol corev1.Protocol) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Containers[0].Ports = append(s.Containers[0].Ports, corev1.ContainerPort{
			HostIP: ip, HostPort: number, ContainerPort: number, Protocol: protocol,
		})
	}
}

// makePod is a pod that runs on a node.
func makePod(name, node string, s *corev1.PodSpec, edits ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID("pod-" + name), ResourceVersion: "1"},
		Spec:       *s.DeepCopy(),
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	p.Spec.NodeName = node
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func phase(phase corev1.PodPhase) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

// rankOf reads the rank from labels, as tests write them.
func rankOf(p *corev1.Pod) (Rank, bool) {
	gang, ours := p.Labels["gang"]
	index, _ := strconv.Atoi(p.Labels["index"])
	attempt, _ := strconv.Atoi(p.Labels["attempt"])
	return Rank{Gang: gang, Set: p.Labels["set"], Index: int32(index), Attempt: int32(attempt)}, ours
}

func ofGang(gang, set string, index, attempt int) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Labels = map[string]string{
			"gang": gang, "set": set, "index": strconv.Itoa(index), "attempt": strconv.Itoa(attempt),
		}
	}
}

func makeGang(id string, count int32, s *corev1.PodSpec, places ...Assignment) Gang {
	return Gang{
		ID: id, UID: types.UID("gang-" + id), ResourceVersion: "1", Arrived: epoch,
		Sets: []Set{{Name: "worker", Count: count, Spec: s}}, Assignments: places,
	}
}

func newTracker(objects ...any) *Tracker {
	t := New(Options{RankOf: rankOf, TopologyLabels: []string{"block", "rack"}})
	for _, o := range objects {
		switch o := o.(type) {
		case *corev1.Node:
			t.UpsertNode(o)
		case *corev1.Pod:
			t.UpsertPod(o)
		case Gang:
			if err := t.UpsertGang(o); err != nil {
				panic(err)
			}
		}
	}
	return t
}

// usedOn is what counts on a node of what it offers.
func (t *Tracker) usedOn(name string) map[string]int64 {
	out := map[string]int64{}
	n := t.nodes.byName[name]
	if n == nil || n.object == nil {
		return out
	}
	for resource := range n.object.Status.Allocatable {
		if id := t.catalogue.ids[resource]; int(id) < len(n.used) && n.used[id] != 0 {
			out[string(resource)] = n.used[id]
		}
	}
	return out
}
