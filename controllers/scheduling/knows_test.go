package scheduling

import (
	"testing"
	"time"

	"golang.org/x/time/rate"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/trainyard/trainyard/pkg/placement"
)

// waiting plans for jobs that wait once a second, and returns how often each was
// told why.
func waiting(jobs int, seconds int, why func(job, second int) placement.Reason) []int {
	clk := clocktesting.NewFakeClock(time.Unix(0, 0))
	s := &Scheduler{clock: clk, restates: rate.NewLimiter(restatesPerSecond, restatesPerSecond)}
	gangs, told := make([]gang, jobs), make([]int, jobs)
	for second := range seconds {
		for job := range gangs {
			o := &outcome{verb: placement.Wait, reason: why(job, second)}
			if g := &gangs[job]; !s.knows(g, o) {
				g.say(o, clk.Now())
				told[job]++
			}
		}
		clk.Step(time.Second)
	}
	return told
}

func TestAJobThatWaitsIsToldLessAndLess(t *testing.T) {
	t.Parallel()
	same := func(int, int) placement.Reason { return placement.Insufficient }
	// At 0, 10, 30, 70, 150, 310 s, and from then on every five minutes.
	if got := waiting(1, 3600, same)[0]; got != 16 {
		t.Errorf("told %d times in an hour, want 16", got)
	}
	other := func(_, second int) placement.Reason {
		if second < 5 {
			return placement.Insufficient
		}
		return placement.Behind
	}
	if got := waiting(1, 7, other)[0]; got != 2 {
		t.Errorf("told %d times of two reasons", got)
	}
}

// However many wait, and though their reasons change all the time, they cost a
// few writes a second; each is told once at once, and the head of the queue is
// kept up to date.
func TestThousandsThatWaitCostLittle(t *testing.T) {
	t.Parallel()
	flaps := func(_, second int) placement.Reason {
		return []placement.Reason{placement.Insufficient, placement.Behind}[second%2]
	}
	const jobs, seconds = 2000, 60
	told := waiting(jobs, seconds, flaps)
	again := 0
	for job, n := range told {
		if n == 0 {
			t.Fatalf("job %d was never told", job)
		}
		again += n - 1
	}
	if most := restatesPerSecond * (seconds + 1); again > most {
		t.Errorf("%d were told again in %d s, want at most %d", again, seconds, most)
	}
	if told[0] < seconds/2 {
		t.Errorf("the first in the queue was told %d times in %d s", told[0], seconds)
	}
}
