package clusterstate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/pkg/placement"
)

func initContainer(requests string, policy *corev1.ContainerRestartPolicy) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.InitContainers = append(s.InitContainers, corev1.Container{
			RestartPolicy: policy, Resources: corev1.ResourceRequirements{Requests: resources(requests)},
		})
	}
}

func TestUsed(t *testing.T) {
	type amounts = map[string]int64
	sidecar := ptr.To(corev1.ContainerRestartPolicyAlways)
	terminating := func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: epoch} }
	nominated := func(p *corev1.Pod) { p.Status.NominatedNodeName, p.Status.Phase = "n", corev1.PodPending }
	place := Assignment{Set: "worker", Node: "n", First: 0, Count: 2, Attempt: 1}
	gang := makeGang("g", 2, spec("cpu=1"), place)
	leaving := gang
	leaving.Leaving = true
	tests := []struct {
		name    string
		objects []any
		want    amounts
	}{
		{"requests, and a place among the pods", []any{makePod("p", "n", spec("cpu=100m memory=1Gi"))}, amounts{"cpu": 100, "memory": 1 << 30, "pods": 1}},
		{"a large init container counts", []any{makePod("p", "n", spec("cpu=1", initContainer("cpu=3", nil)))}, amounts{"cpu": 3000, "pods": 1}},
		{"a small init container does not", []any{makePod("p", "n", spec("cpu=1", initContainer("cpu=500m", nil)))}, amounts{"cpu": 1000, "pods": 1}},
		{"a sidecar adds", []any{makePod("p", "n", spec("cpu=1", initContainer("cpu=500m", sidecar)))}, amounts{"cpu": 1500, "pods": 1}},
		{"a sidecar runs beside the init containers after it", []any{makePod("p", "n", spec("cpu=1", initContainer("cpu=500m", sidecar), initContainer("cpu=2", nil)))}, amounts{"cpu": 2500, "pods": 1}},
		{"overhead adds", []any{makePod("p", "n", spec("cpu=1", func(s *corev1.PodSpec) { s.Overhead = resources("cpu=250m") }))}, amounts{"cpu": 1250, "pods": 1}},
		{"requests of the whole pod", []any{makePod("p", "n", spec("cpu=1", func(s *corev1.PodSpec) {
			s.Resources = &corev1.ResourceRequirements{Requests: resources("cpu=4")}
		}))}, amounts{"cpu": 4000, "pods": 1}},
		{"a pod that is growing in place", []any{makePod("p", "n", spec("cpu=1"), func(p *corev1.Pod) {
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", AllocatedResources: resources("cpu=2"), Resources: &corev1.ResourceRequirements{Requests: resources("cpu=2")}}}
		})}, amounts{"cpu": 2000, "pods": 1}},
		{"what the node does not offer does not count", []any{makePod("p", "n", spec("example.com/npu=1"))}, amounts{"pods": 1}},
		{"an absurd quantity is bounded", []any{makePod("p", "n", spec("memory=8Ei"))}, amounts{"memory": placement.MaxQuantity, "pods": 1}},
		{"a pod that is bound and pending", []any{makePod("p", "n", spec("cpu=1"), phase(corev1.PodPending))}, amounts{"cpu": 1000, "pods": 1}},
		{"a pod that is not bound", []any{makePod("p", "", spec("cpu=1"), phase(corev1.PodPending))}, amounts{}},
		{"a pod that is nominated", []any{makePod("p", "", spec("cpu=1"), nominated)}, amounts{"cpu": 1000, "pods": 1}},
		{"a terminating pod", []any{makePod("p", "n", spec("cpu=1"), terminating)}, amounts{"cpu": 1000, "pods": 1}},
		{"a succeeded pod", []any{makePod("p", "n", spec("cpu=1"), phase(corev1.PodSucceeded))}, amounts{}},
		{"a failed pod", []any{makePod("p", "n", spec("cpu=1"), phase(corev1.PodFailed))}, amounts{}},
		{"a pod of unknown phase", []any{makePod("p", "n", spec("cpu=1"), phase(corev1.PodUnknown))}, amounts{"cpu": 1000, "pods": 1}},
		{"a gang's pod takes the place of its reservation", []any{gang, makePod("p", "n", spec("cpu=1"), ofGang("g", "worker", 0, 1))}, amounts{}},
		{"whichever comes first", []any{makePod("p", "n", spec("cpu=1"), ofGang("g", "worker", 1, 1)), gang}, amounts{}},
		{"what it asks for beyond its template counts", []any{gang, makePod("p", "n", spec("cpu=1500m memory=1Gi"), ofGang("g", "worker", 0, 1))}, amounts{"cpu": 500, "memory": 1 << 30}},
		{"a pod of another attempt counts on top", []any{gang, makePod("p", "n", spec("cpu=1"), ofGang("g", "worker", 0, 0))}, amounts{"cpu": 1000, "pods": 1}},
		{"so does one of another place", []any{gang, makePod("p", "n", spec("cpu=1"), ofGang("g", "worker", 2, 1))}, amounts{"cpu": 1000, "pods": 1}},
		{"or of another set", []any{gang, makePod("p", "n", spec("cpu=1"), ofGang("g", "master", 0, 1))}, amounts{"cpu": 1000, "pods": 1}},
		{"or of another gang", []any{gang, makePod("p", "n", spec("cpu=1"), ofGang("h", "worker", 0, 1))}, amounts{"cpu": 1000, "pods": 1}},
		{"of two pods of one rank, one takes the reservation", []any{
			gang, makePod("a", "n", spec("cpu=1"), ofGang("g", "worker", 0, 1)), makePod("b", "n", spec("cpu=2"), ofGang("g", "worker", 0, 1)),
		}, amounts{"cpu": 2000, "pods": 1}},
		{"a leaving gang's pod still takes its place", []any{leaving, makePod("p", "n", spec("cpu=1"), ofGang("g", "worker", 0, 1), terminating)}, amounts{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tracker := newTracker(append([]any{makeNode("n", "cpu=64 memory=64Gi pods=10")}, test.objects...)...)
			if diff := cmp.Diff(test.want, tracker.usedOn("n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			late := newTracker(append(test.objects, makeNode("n", "cpu=64 memory=64Gi pods=10"))...)
			if diff := cmp.Diff(test.want, late.usedOn("n")); diff != "" {
				t.Errorf("with the node last (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReservation follows a gang from its admission until it has left.
func TestReservation(t *testing.T) {
	gang := makeGang("g", 2, spec("cpu=1"), Assignment{Set: "worker", Node: "n", First: 0, Count: 2})
	other := makeGang("other", 2, spec("cpu=1"))
	tracker := newTracker(makeNode("n", "cpu=2 pods=9"), gang, other)
	waits := func(step string, want placement.Verb) {
		t.Helper()
		if d := decide(t, tracker).Decisions[0]; d.Gang != "other" || d.Verb != want {
			t.Errorf("%s: got %s %v, want %v: %s", step, d.Gang, d.Verb, want, tracker.Explain(&d))
		}
	}
	waits("admitted, without pods", placement.Wait)
	for i, name := range []string{"a", "b"} {
		tracker.UpsertPod(makePod(name, "n", spec("cpu=1"), ofGang("g", "worker", i, 0)))
	}
	waits("with its pods", placement.Wait)
	gang.Leaving, gang.ResourceVersion = true, "2"
	if err := tracker.UpsertGang(gang); err != nil {
		t.Fatal(err)
	}
	waits("told to leave", placement.Reserve)
	tracker.DeletePod(types.NamespacedName{Namespace: "ns", Name: "a"}, "pod-a")
	waits("one pod gone", placement.Reserve)
	tracker.DeletePod(types.NamespacedName{Namespace: "ns", Name: "b"}, "")
	waits("all gone", placement.Admit)
	gang.Leaving, gang.ResourceVersion = false, "3"
	if err := tracker.UpsertGang(gang); err != nil {
		t.Fatal(err)
	}
	waits("placed there again", placement.Wait)
	tracker.DeleteGang("g", "gang-g", "4")
	waits("ended", placement.Admit)
	tracker.UpsertPod(makePod("c", "n", spec("cpu=1"), ofGang("g", "worker", 0, 0)))
	waits("but a pod of it is still there", placement.Wait)
}

func TestHostPorts(t *testing.T) {
	const tcp, udp = corev1.ProtocolTCP, corev1.ProtocolUDP
	tests := []struct {
		name      string
		there     func(*corev1.PodSpec)
		asks      func(*corev1.PodSpec)
		conflicts bool
	}{
		{"the same port", withPort("", 80, tcp), withPort("", 80, tcp), true},
		{"the default protocol is TCP", withPort("", 80, ""), withPort("0.0.0.0", 80, tcp), true},
		{"another protocol", withPort("", 80, udp), withPort("", 80, tcp), false},
		{"another port", withPort("", 81, tcp), withPort("", 80, tcp), false},
		{"one address against all", withPort("10.0.0.1", 80, tcp), withPort("", 80, tcp), true},
		{"all addresses against one", withPort("", 80, tcp), withPort("10.0.0.1", 80, tcp), true},
		{"the same address", withPort("10.0.0.1", 80, tcp), withPort("10.0.0.1", 80, tcp), true},
		{"different addresses", withPort("10.0.0.1", 80, tcp), withPort("10.0.0.2", 80, tcp), false},
		{"a sidecar's port", func(s *corev1.PodSpec) {
			initContainer("cpu=1", ptr.To(corev1.ContainerRestartPolicyAlways))(s)
			s.InitContainers[0].Ports = []corev1.ContainerPort{{HostPort: 80}}
		}, withPort("", 80, tcp), true},
		{"an init container's port is free once it ended", func(s *corev1.PodSpec) {
			initContainer("cpu=1", nil)(s)
			s.InitContainers[0].Ports = []corev1.ContainerPort{{HostPort: 80}}
		}, withPort("", 80, tcp), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node, pod := makeNode("n", "cpu=9 pods=9"), makePod("p", "n", spec("cpu=1", test.there))
			gang := makeGang("g", 1, spec("cpu=1", test.asks))
			for _, tracker := range []*Tracker{newTracker(node, pod, gang), newTracker(gang, pod, node)} {
				d := decide(t, tracker).Decisions[0]
				if (d.Verb == placement.Wait) != test.conflicts {
					t.Errorf("got %v, conflict expected: %v: %s", d.Verb, test.conflicts, tracker.Explain(&d))
				}
			}
		})
	}
}

// TestHostPortsAreBounded asks for more ports than are counted, and for others
// when those have been given back.
func TestHostPortsAreBounded(t *testing.T) {
	ask := func(from int32) *corev1.PodSpec {
		s := spec("cpu=1")
		for i := range int32(maxPorts) {
			withPort("", from+i, corev1.ProtocolTCP)(s)
		}
		return s
	}
	tracker := newTracker(makeNode("n", "cpu=9 pods=9"), makePod("p", "n", spec("cpu=1", withPort("", 5000, corev1.ProtocolTCP))))
	for round := range int32(5) {
		a := makeGang("a", 1, ask(1000*(round+1)))
		b := makeGang("b", 1, spec("cpu=1", withPort("", 99, corev1.ProtocolTCP)))
		a.UID, b.UID = types.UID(string('a'+round)), types.UID(string('A'+round))
		for _, g := range []Gang{a, b} {
			if err := tracker.UpsertGang(g); err != nil {
				t.Fatal(err)
			}
		}
		plan := decide(t, tracker)
		want := []placement.Verb{placement.Admit, placement.Impossible}
		if round == 4 { // port 5000 is taken
			want[0] = placement.Wait
		}
		for i, d := range plan.Decisions {
			if d.Verb != want[i] {
				t.Errorf("round %d: %s: got %v, want %v: %s", round, d.Gang, d.Verb, want[i], tracker.Explain(&d))
			}
		}
		tracker.DeleteGang("a", "", "")
		tracker.DeleteGang("b", "", "")
	}
	if n := len(tracker.catalogue.ports); n != 0 {
		t.Errorf("%d ports are still counted", n)
	}
	if n := tracker.catalogue.next; n > maxPorts+2 {
		t.Errorf("the catalogue has grown to %d", n)
	}
}
