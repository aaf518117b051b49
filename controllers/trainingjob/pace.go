package trainingjob

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// writeEvery is the least time between two writes of a job's status, but
	// for those that record a decision.
	writeEvery = time.Second
	// detailEvery is the most that a write waits which tells mere detail.
	detailEvery = 10 * time.Second
)

// pace remembers when something was last written for each job. A gang that
// starts changes with every pod: mere detail, such as how many ranks run, is
// told at intervals that grow, so that a start takes few writes.
type pace struct {
	last sync.Map // types.NamespacedName → write
}

// write is a write for the job of that UID.
type write struct {
	job types.UID
	at  time.Time
}

// since is when something was last written for a job; zero: never.
func (p *pace) since(s *scope) time.Time {
	if last, known := p.last.Load(s.key); known && last.(write).job == s.job.UID {
		return last.(write).at
	}
	return time.Time{}
}

// note takes note of a write that was just made.
func (p *pace) note(s *scope) { p.last.Store(s.key, write{s.job.UID, s.observed.Now}) }

// forget drops a job that is gone.
func (p *pace) forget(job types.NamespacedName) { p.last.Delete(job) }

// putOff asks for the job to be looked at again in a while.
func (s *scope) putOff(wait time.Duration) {
	if s.later == 0 || wait < s.later {
		s.later = wait
	}
}
