package clusterstate

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/pkg/placement"
)

func tolerating(tolerations ...corev1.Toleration) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) { s.Tolerations = tolerations }
}

func selecting(key, value string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{key: value} }
}

func requiring(terms ...corev1.NodeSelectorTerm) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
		}}
	}
}

func expression(key string, op corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

func notReady(status corev1.ConditionStatus) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Status.Conditions[0].Status = status }
}

func TestEligibility(t *testing.T) {
	cordoned := func(n *corev1.Node) { n.Spec.Unschedulable = true }
	byName := corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{
		{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{"n"}},
	}}
	const none, quota = "", "cpu=1"
	tests := []struct {
		name string
		node func(*corev1.Node)
		spec func(*corev1.PodSpec)
		want string // a part of why not; empty where the pod may run
	}{
		{"a plain node", nil, nil, none},
		{"a cordoned node", cordoned, nil, "1 with a cordon"},
		{"a cordoned node, tolerated", cordoned, tolerating(corev1.Toleration{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists}), none},
		{"a taint against scheduling", tainted("team", corev1.TaintEffectNoSchedule), nil, "1 with the untolerated taint team"},
		{"a taint against running", tainted("team", corev1.TaintEffectNoExecute), nil, "1 with the untolerated taint team"},
		{"a taint that only discourages", tainted("team", corev1.TaintEffectPreferNoSchedule), nil, none},
		{"a taint tolerated by value", tainted("team", corev1.TaintEffectNoSchedule), tolerating(corev1.Toleration{Key: "team", Value: "yes", Effect: corev1.TaintEffectNoSchedule}), none},
		{"a taint of another value than tolerated", tainted("team", corev1.TaintEffectNoSchedule), tolerating(corev1.Toleration{Key: "team", Value: "no"}), "1 with the untolerated taint team"},
		{"a taint of another effect than tolerated", tainted("team", corev1.TaintEffectNoExecute), tolerating(corev1.Toleration{Key: "team", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}), "1 with the untolerated taint team"},
		{"everything tolerated", tainted("team", corev1.TaintEffectNoExecute), tolerating(corev1.Toleration{Operator: corev1.TolerationOpExists}), none},
		{"the node selector matches", labelled("gpu", "h100"), selecting("gpu", "h100"), none},
		{"the node selector does not match", labelled("gpu", "t4"), selecting("gpu", "h100"), "1 with other labels"},
		{"the node selector's label is missing", nil, selecting("gpu", "h100"), "1 with other labels"},
		{"affinity matches", labelled("gpu", "h100"), requiring(expression("gpu", corev1.NodeSelectorOpIn, "a100", "h100")), none},
		{"affinity does not match", labelled("gpu", "t4"), requiring(expression("gpu", corev1.NodeSelectorOpNotIn, "t4")), "1 with other labels"},
		{"one of several affinity terms matches", labelled("gpu", "t4"), requiring(expression("gpu", corev1.NodeSelectorOpIn, "h100"), expression("gpu", corev1.NodeSelectorOpExists)), none},
		{"affinity and the node selector are both asked", labelled("gpu", "t4"), func(s *corev1.PodSpec) {
			requiring(expression("gpu", corev1.NodeSelectorOpExists))(s)
			selecting("zone", "a")(s)
		}, "1 with other labels"},
		{"affinity compares numbers", labelled("cores", "64"), requiring(expression("cores", corev1.NodeSelectorOpGt, "32")), none},
		{"affinity by the node's name", nil, requiring(byName), none},
		{"an affinity that cannot be read matches nothing", labelled("cores", "64"), requiring(expression("cores", corev1.NodeSelectorOpGt, "many")), "1 with other labels"},
		{"preferences do not matter", nil, func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 1, Preference: expression("gpu", corev1.NodeSelectorOpExists)},
			}}}
		}, none},
		{"a node that is not ready", notReady(corev1.ConditionFalse), nil, "1 not ready"},
		{"a node that is not heard of", notReady(corev1.ConditionUnknown), tolerating(corev1.Toleration{Operator: corev1.TolerationOpExists}), "1 not ready"},
		{"a node that never said that it is ready", func(n *corev1.Node) { n.Status.Conditions = nil }, nil, "1 not ready"},
		{"a node that is being deleted", func(n *corev1.Node) { n.DeletionTimestamp = &metav1.Time{Time: epoch} }, nil, "1 not ready"},
		{"a resource that no node offers", nil, func(s *corev1.PodSpec) {
			s.Containers[0].Resources.Requests["example.com/npu"] = resources("n=1")["n"]
		}, "1 with no example.com/npu"},
		{"a resource that is short", nil, func(s *corev1.PodSpec) {
			s.Containers[0].Resources.Requests["cpu"] = resources("n=2500m")["n"]
		}, "short of 2.5 cpu (needs 2.5, 2 free, 0 of it usable)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			node, s := makeNode("n", "cpu=2 pods=10"), spec(quota)
			if test.node != nil {
				test.node(node)
			}
			if test.spec != nil {
				test.spec(s)
			}
			tracker := newTracker(makeGang("g", 1, s), node)
			d := decide(t, tracker).Decisions[0]
			if (d.Verb == placement.Admit) != (test.want == none) {
				t.Fatalf("got %v: %s", d.Verb, tracker.Explain(&d))
			}
			if why := tracker.Explain(&d); !strings.Contains(why, test.want) {
				t.Errorf("got %q, want it to contain %q", why, test.want)
			}
		})
	}
}

func decide(t testing.TB, tracker *Tracker) Plan {
	t.Helper()
	plan, err := tracker.Decide(epoch)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestEligibilityFollowsTheNode changes one node again and again.
func TestEligibilityFollowsTheNode(t *testing.T) {
	tracker := newTracker(makeGang("g", 1, spec("example.com/npu=1", selecting("pool", "a"))))
	steps := []struct {
		name string
		node *corev1.Node
		want placement.Verb
	}{
		{"no such resource", makeNode("n", "pods=9", labelled("pool", "a")), placement.Impossible},
		{"the resource appears", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a")), placement.Admit},
		{"the label changes", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "b")), placement.Impossible},
		{"and comes back", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a")), placement.Admit},
		{"a taint", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a"), tainted("t", corev1.TaintEffectNoSchedule)), placement.Impossible},
		{"not ready", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a"), notReady(corev1.ConditionUnknown)), placement.Wait},
		{"ready", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a")), placement.Admit},
		{"gone", nil, placement.Impossible},
		{"anew", makeNode("n", "pods=9 example.com/npu=1", labelled("pool", "a"), func(n *corev1.Node) { n.UID = "other" }), placement.Admit},
	}
	for i, step := range steps {
		if step.node == nil {
			tracker.DeleteNode("n", "")
		} else {
			step.node.ResourceVersion = string(rune('1' + i))
			tracker.UpsertNode(step.node)
		}
		if d := decide(t, tracker).Decisions[0]; d.Verb != step.want {
			t.Errorf("%s: got %v, want %v: %s", step.name, d.Verb, step.want, tracker.Explain(&d))
		}
	}
}
