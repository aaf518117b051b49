package mersenne_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/mersenne"
)

// The expected values were printed by NumPy 2.4 after numpy.random.seed(0).
func TestPermuteAsNumPy(t *testing.T) {
	twister := mersenne.New(0)
	ten, seven := make([]int32, 10), make([]int32, 7)
	twister.Permute(ten)
	twister.Permute(seven)
	if diff := cmp.Diff([]int32{2, 8, 4, 9, 1, 6, 7, 3, 0, 5}, ten); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int32{3, 1, 2, 6, 5, 0, 4}, seven); diff != "" {
		t.Error(diff)
	}
}

func TestFloat64AsNumPy(t *testing.T) {
	if got := mersenne.New(0).Float64(); got != 0.5488135039273248 {
		t.Errorf("got %v", got)
	}
}

func TestUint32Reference(t *testing.T) {
	twister := mersenne.New(5489)
	var last uint32
	for range 10000 {
		last = twister.Uint32()
	}
	if last != 4123659995 {
		t.Errorf("the 10000th value of the reference sequence is 4123659995, got %d", last)
	}
}
