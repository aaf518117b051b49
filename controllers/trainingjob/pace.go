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

// pace is one job's. Only the reconcile of that job uses it.
type pace struct {
	uid types.UID
	// status and names are when the status and the EndpointSlices were last
	// written; zero: not yet.
	status, names time.Time
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

// patience is how long something that nobody waits for is held back: as long
// again as the job has had its place, within bounds. A start that takes ten
// times as long then costs a few writes more, not ten times as many.
func patience(placed, written time.Time, least, most time.Duration) time.Duration {
	return min(max(written.Sub(placed), least), most)
}
