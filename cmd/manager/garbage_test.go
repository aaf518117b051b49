package main

import "testing"

func TestGarbagePercent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 400}, {1, 400}, {6 << 20, 400}, {12 << 20, 200}, {24 << 20, 100}, {48 << 20, 50}, {96 << 20, 25}, {1 << 40, 25},
	} {
		if got := garbagePercent(test.live); got != test.want {
			t.Errorf("beside %d bytes there may be %d %% of garbage, want %d %%", test.live, got, test.want)
		}
	}
}
