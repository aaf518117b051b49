package trainingjob

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// paces remembers when what is told of each job was last written. It is lost
// with the manager: then the first write does not wait.
type paces struct {
	mu   sync.Mutex
	jobs map[types.NamespacedName]*pace
}

// pace is one job's. Only the reconcile of that job uses it, but for look.
type pace struct {
	// look is how long the last look at the job took; paces.mu guards it.
	look time.Duration
	uid  types.UID
	// status is when the status was last written, names when the EndpointSlices
	// were last brought up to date; zero: not yet.
	status, names time.Time
	// failing is since when pods of the attempt could not be created.
	failing time.Time
	attempt int32
	// deleted are the attempts that were deleted as a whole, last at deletedAt.
	deleted   []int32
	deletedAt time.Time
}

func (p *paces) of(key types.NamespacedName, uid types.UID) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jobs == nil {
		p.jobs = map[types.NamespacedName]*pace{}
	}
	if p.jobs[key] == nil || p.jobs[key].uid != uid {
		p.jobs[key] = &pace{uid: uid}
	}
	return p.jobs[key]
}

func (p *paces) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.jobs, key)
}

// failingSince takes note that pods of an attempt could not be created, and
// returns since when.
func (p *pace) failingSince(attempt int32, now time.Time) time.Time {
	if p.failing.IsZero() || p.attempt != attempt {
		p.failing, p.attempt = now, attempt
	}
	return p.failing
}

// patience is how long something that nobody waits for is held back: as long
// again as the job has had its place, within bounds. A start that takes ten
// times as long then costs a few writes more, not ten times as many.
func patience(placed, written time.Time, least, most time.Duration) time.Duration {
	return min(max(written.Sub(placed), least), most)
}
