package stream_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/stream"
)

// levels draws n normal values around each mean in turn.
func levels(seed uint64, n int, means ...float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	var out []float64
	for _, mean := range means {
		for range n {
			out = append(out, mean+r.NormFloat64())
		}
	}
	return out
}

func alarms(d stream.Detector, values []float64) []int {
	var found []int
	for i, v := range values {
		if d.Add(v) {
			found = append(found, i)
		}
	}
	return found
}

func TestDetectorsSeeAStep(t *testing.T) {
	for name, detector := range map[string]stream.Detector{
		"adwin": stream.NewADWIN(), "page-hinkley": stream.NewPageHinkley(),
	} {
		found := alarms(detector, levels(1, 2000, 0, 2))
		if len(found) == 0 || found[0] < 2000 || found[0] > 2200 {
			t.Errorf("%s: the mean steps at 2000, alarms at %v", name, found)
		}
	}
}

// ADWIN's promise is about the rate of false alarms.
func TestADWINFalseAlarms(t *testing.T) {
	streams := 0
	for seed := range uint64(200) {
		if len(alarms(stream.NewADWIN(), levels(seed, 2000, 0))) > 0 {
			streams++
		}
	}
	if streams > 4 {
		t.Errorf("%d of 200 streams without a change raised an alarm", streams)
	}
}

func TestADWINForgetsAfterAChange(t *testing.T) {
	a := stream.NewADWIN()
	alarms(a, levels(3, 3000, 0, 5))
	if a.Mean() < 4.8 || a.Mean() > 5.2 {
		t.Errorf("the window's mean is %v after a step to 5", a.Mean())
	}
	if a.Width() > 3000 {
		t.Errorf("the window still holds %d values, 3000 came after the step", a.Width())
	}
}

func TestWatchOrdersByEventTime(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	values := levels(5, 1000, 0, 3)
	points := make([]stream.Point, len(values))
	for i, v := range values {
		points[i] = stream.Point{Time: start.Add(time.Duration(i) * time.Hour), Value: v}
	}
	want := stream.Watch(points, stream.NewADWIN())
	if len(want) == 0 {
		t.Fatal("no alarm")
	}
	r := rand.New(rand.NewPCG(1, 1))
	r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	if diff := cmp.Diff(want, stream.Watch(points, stream.NewADWIN())); diff != "" {
		t.Errorf("events that arrive late change the alarms (-in order +shuffled):\n%s", diff)
	}
}
