package trainingjob

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestSpacing(t *testing.T) {
	t.Parallel()
	key := types.NamespacedName{Namespace: "default", Name: "a"}
	for _, test := range []struct {
		name string
		took time.Duration
		want time.Duration
	}{
		{"a small gang is looked at at once", 300 * time.Microsecond, 0},
		{"a large one after ten times a look", 3 * time.Millisecond, 30 * time.Millisecond},
		{"but never late", time.Second, maxLook},
		{"a clock that was set back", -time.Hour, 0},
	} {
		var p paces
		p.of(key, "1")
		p.looked(key, test.took)
		if got := p.spacing(key); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	var none paces
	none.looked(key, time.Second)
	if got := none.spacing(key); got != 0 {
		t.Errorf("a job that was never looked at waits %v", got)
	}
}
