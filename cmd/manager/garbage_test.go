package main

import "testing"

func TestGarbagePercent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 100}, {1, 100}, {6 << 20, 100}, {12 << 20, 100}, {24 << 20, 100}, {32 << 20, 75}, {48 << 20, 50}, {96 << 20, 25}, {1 << 40, 25},
	} {
		if got := garbagePercent(test.live); got != test.want {
			t.Errorf("beside %d bytes there may be %d %% of garbage, want %d %%", test.live, got, test.want)
		}
	}
}
