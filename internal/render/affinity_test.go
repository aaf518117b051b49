package render_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/ranks"
)

// TestAPinOnlyNarrows: a pod may run on its node if its template may, and on no
// other node, whatever selectors and terms the template has.
func TestAPinOnlyNarrows(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	placed := 0
	for range 800 {
		spec := corev1.PodSpec{NodeSelector: pick(random, nil, map[string]string{"zone": "a"}), Affinity: affinity(random)}
		b := train(v1alpha1.FrameworkGeneric).set("worker", 1, func(s *corev1.PodSpec) {
			s.NodeSelector, s.Affinity = spec.NodeSelector, spec.Affinity
		})
		template := nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, spec.Affinity)
		pinned := nodeaffinity.GetRequiredNodeAffinity(pod(t, b, 0, 0))
		for i := range 4 {
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprint("node-", i), Labels: map[string]string{"zone": pick(random, "a", "b"), "gpu": pick(random, "h100", "l4")},
			}}
			free, err := template.Match(node)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pinned.Match(node)
			if err != nil {
				t.Fatal(err)
			}
			if want := free && node.Name == "node-1"; got != want {
				t.Fatalf("on %s the pod matches: %t, its template: %t\n%+v", node.Name, got, free, spec)
			}
			if got {
				placed++
			}
		}
	}
	if placed < 100 {
		t.Errorf("only %d pods found their node: the test proves nothing", placed)
	}
}

// affinity has no, one or several required terms, empty ones among them.
func affinity(random *rand.Rand) *corev1.Affinity {
	if random.IntN(5) == 0 {
		return nil
	}
	a := &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
	if random.IntN(5) == 0 {
		return a
	}
	required := &corev1.NodeSelector{}
	for range 1 + random.IntN(3) {
		var term corev1.NodeSelectorTerm
		for range random.IntN(3) {
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
				Key: pick(random, "zone", "gpu"), Operator: pick(random, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn),
				Values: []string{pick(random, "a", "b", "h100")},
			})
		}
		if random.IntN(4) == 0 {
			term.MatchFields = []corev1.NodeSelectorRequirement{{
				Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{pick(random, "node-1", "node-2")},
			}}
		}
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, term)
	}
	a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = required
	return a
}

func TestWithoutANodeThereIsNoPin(t *testing.T) {
	p, err := renderer(t, train(v1alpha1.FrameworkGeneric).set("worker", 1), options).Pod(0, 0, ranks.Slot{Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Spec.Affinity != nil {
		t.Errorf("affinity = %v", p.Spec.Affinity)
	}
}
