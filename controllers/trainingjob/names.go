package trainingjob

import (
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// The names of a gang are published when every rank has its address: one write,
// whatever the order in which a thousand kubelets report. The names of a gang
// that is held up are published as far as they go, first after namesWait and
// then at intervals that grow with the time since it was placed.
const (
	namesWait    = 10 * time.Second
	namesMaxWait = time.Minute
)

// namesDue is until when new names can wait; zero: they cannot. Names that lead
// somewhere else, or to nobody, are not to wait.
func (s *scope) namesDue() time.Time {
	if s.allAddressed() {
		return time.Time{}
	}
	since := s.observed.Record.Placement.Since
	last := s.pace.names
	if last.Before(since) {
		last = since
	}
	due := last.Add(patience(since, last, namesWait, namesMaxWait))
	if !due.After(s.observed.Now) {
		return time.Time{}
	}
	return due
}

// nameless says whether no pod will hold a rank, for now or for good.
func (s *scope) nameless() bool {
	record := &s.observed.Record
	return record.End != nil || !record.Placement.Placed() && len(s.pods) == 0
}

// allAddressed says whether no pod of the attempt is still to be created or to
// get its address.
func (s *scope) allAddressed() bool {
	if len(s.decision.Create) > 0 {
		return false
	}
	for i := range s.pods {
		if p := &s.observed.Pods[i]; s.holds(p) && p.Phase <= lifecycle.Running && s.pods[i].Status.PodIP == "" {
			return false
		}
	}
	return true
}

// holds says whether a pod holds a rank now.
func (s *scope) holds(p *lifecycle.Pod) bool {
	slots := s.observed.Record.Placement.Slots
	return p.Rank < len(slots) && p.Attempt == slots[p.Rank].Attempt
}

// onlyAdds says whether what is published already stays as it is.
func onlyAdds(want []*discoveryv1.EndpointSlice, have map[string]*discoveryv1.EndpointSlice) bool {
	published, kept := 0, 0
	for _, slice := range have {
		published += len(slice.Endpoints)
	}
	for _, slice := range want {
		old := have[slice.Name]
		if old == nil {
			continue
		}
		k := 0
		for i := range slice.Endpoints {
			if k < len(old.Endpoints) && equality.Semantic.DeepEqual(slice.Endpoints[i], old.Endpoints[k]) {
				k++
			}
		}
		kept += k
	}
	return kept == published
}
