package api

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crowded is a job of 16 sets, each of so many containers with so many
// variables of that prefix.
func crowded(containers, variables int, prefix string) *unstructured.Unstructured {
	var env []any
	for i := range variables {
		env = append(env, map[string]any{"name": fmt.Sprintf("%sSETTING_%d", prefix, i), "value": strings.Repeat("v", 40)})
	}
	var list []any
	for i := range containers {
		list = append(list, map[string]any{
			"name": fmt.Sprintf("c%d", i), "image": "registry.example/mnist:1", "command": []any{"run"}, "env": env,
		})
	}
	obj := manifest(sets(16, 256), chain(16))
	for i := range 16 {
		assign(obj.Object, fmt.Sprintf("spec.replicaSpecs[%d].template.spec.containers", i), normalize(list))
	}
	return obj
}

// The rules must not cost so much that a large job is refused for its size.
func TestLargeJobsAreAccepted(t *testing.T) {
	accept(t, crowded(3, 60, "A_"))
}

// A message that lists more offences than a message can hold gives way to one
// that lists none.
func TestMoreOffencesThanAMessageHolds(t *testing.T) {
	err := admin.Create(t.Context(), crowded(3, 40, "TRAINYARD_"), client.DryRunAll)
	expectError(t, err, "a container sets a variable that begins with TRAINYARD_", "remove it")
}

// Circles are found in whatever order and number sets wait for each other.
func TestCirclesOfRandomJobs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[bool]int{}
	for range 60 {
		n := 2 + random.IntN(15)
		next := make([]int, n)
		obj := manifest(sets(n, 1))
		for i := range next {
			next[i] = -1
			if j := random.IntN(n); j != i && random.IntN(10) < 8 {
				next[i] = j
				assign(obj.Object, fmt.Sprintf("spec.replicaSpecs[%d].dependsOn", i), dependsOn(fmt.Sprintf("s%d", j), "Ready"))
			}
		}
		circle := hasCircle(next)
		seen[circle]++
		err := admin.Create(t.Context(), obj, client.DryRunAll)
		if circle != (err != nil) {
			t.Errorf("sets wait along %v: circle %v, answer %v", next, circle, err)
		}
	}
	if len(seen) != 2 {
		t.Errorf("all jobs were alike: %v", seen)
	}
}

func hasCircle(next []int) bool {
	for i := range next {
		at := i
		for range next {
			if at >= 0 {
				at = next[at]
			}
		}
		if at >= 0 {
			return true
		}
	}
	return false
}
