package lifecycle_test

import (
	"slices"
	"time"

	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// control is one pass of the job's controller: it looks, decides and acts, and
// may die after any step. Then it has forgotten what it had heard.
func (w *world) control() {
	o := w.observe()
	d := lifecycle.Decide(o)
	if why := broken(o, &d); why != "" {
		w.blame("%s: %s", why, say(o, &d))
	}
	steps := w.actions(o, &d)
	w.Shuffle(len(steps), func(i, k int) { steps[i], steps[k] = steps[k], steps[i] })
	steps = append(steps, func() { w.write(o, &d) })
	for _, step := range steps {
		if w.chance(w.crash) {
			w.forget()
			return
		}
		step()
	}
}

func (w *world) forget() {
	clear(w.seen)
	for _, p := range w.processes() {
		if p.Phase == lifecycle.Running {
			p.Launcher, p.WatchedSince = nil, time.Time{}
		}
	}
}

func (w *world) observe() *lifecycle.Observation {
	o := &lifecycle.Observation{Now: w.now, Job: w.job, Record: w.record, Nodes: w.judge()}
	for _, p := range w.processes() {
		if w.job.Launcher && p.Phase == lifecycle.Running {
			w.listen(p)
		}
		view := p.Pod
		if !view.Bound {
			view.Node = ""
		}
		o.Pods = append(o.Pods, view)
	}
	return o
}

// listen asks a launcher.
func (w *world) listen(p *process) {
	if p.WatchedSince.IsZero() {
		p.WatchedSince = w.now
		return
	}
	if !w.nodes[p.Node].silent() {
		p.Launcher = &lifecycle.Launcher{Attempt: p.told, Phase: p.child, ExitCode: p.code, ExitedAt: p.ended, Contact: w.now}
	}
}

// judge is the controller's view of the nodes.
func (w *world) judge() map[string]lifecycle.Node {
	out := map[string]lifecycle.Node{}
	for _, name := range sorted(w.nodes) {
		m := w.nodes[name]
		s := lifecycle.NodeSigns{Exists: true, Silent: true}
		if m.silent() && w.now.Sub(m.renewed) > 50*time.Second {
			s.Unready, s.UnreadySince = true, m.renewed.Add(50*time.Second)
		}
		switch r, known := w.seen[name]; {
		case !known && s.Unready:
			w.seen[name] = renewal{m.renewed, s.UnreadySince}
		case !known || !r.renewed.Equal(m.renewed):
			w.seen[name] = renewal{m.renewed, w.now}
		}
		s.LeaseRenewed = w.seen[name].seen
		for _, p := range w.pods {
			if p.Bound && p.Node == name && p.Phase == lifecycle.Running && p.Launcher != nil {
				s.Launchers = true
				s.Silent = s.Silent && w.now.Sub(p.Launcher.Contact) > 2*time.Second
				if p.Launcher.Contact.After(s.LastAnswer) {
					s.LastAnswer = p.Launcher.Contact
				}
			}
		}
		s.Silent = s.Silent && s.Launchers
		out[name] = lifecycle.JudgeNode(w.now, s, false)
	}
	return out
}

// actions are the calls to the API that a decision leads to.
func (w *world) actions(o *lifecycle.Observation, d *lifecycle.Decision) []func() {
	var steps []func()
	for _, rank := range d.Create {
		slot := o.Record.Placement.Slots[rank]
		steps = append(steps, func() { w.create(rank, slot) })
	}
	for _, del := range d.Delete {
		steps = append(steps, func() {
			if p := w.pods[del.Name]; p != nil && del.Force {
				delete(w.pods, del.Name)
			} else if p != nil {
				w.stop(p)
			}
		})
	}
	for _, name := range d.Instruct {
		steps = append(steps, func() {
			if p := w.pods[name]; p != nil {
				p.Instructed = o.Record.Placement.Attempt
			}
		})
	}
	return steps
}

func (w *world) create(rank int, slot lifecycle.Slot) {
	p := runningPod(rank, slot.Attempt, slot.Node)
	if w.pods[p.Name] != nil {
		return
	}
	p.Bound, p.Phase, p.Ready, p.Launcher = false, lifecycle.Pending, false, nil
	p.Created, p.WatchedSince = w.now, time.Time{}
	w.pods[p.Name] = &process{Pod: p}
}

// write is the write of the status.
func (w *world) write(o *lifecycle.Observation, d *lifecycle.Decision) {
	r := &w.record
	if r.Placement.Attempt != o.Record.Placement.Attempt || r.End != nil {
		return // a write of what is over changes nothing that is read
	}
	if d.Reclassified {
		r.Counted, r.CountedAt = max(r.Counted-1, 0), r.CountedAt[:len(r.CountedAt)-1]
		last := *r.Recovery
		last.Counted = false
		r.Recovery = &last
	}
	switch d.Verb {
	case lifecycle.Finish:
		r.End, r.EndedAt = d.End, w.now
		return
	case lifecycle.Recover:
		r.Restarts++
		if d.Recovery.Counted {
			r.Counted, r.CountedAt = r.Counted+1, append(slices.Clone(r.CountedAt), w.now)
		}
		r.Recovery = d.Recovery
		return
	default:
	}
	w.note(o, d)
}

// note takes down what was observed.
func (w *world) note(o *lifecycle.Observation, d *lifecycle.Decision) {
	r := &w.record
	r.Created = slices.Clone(r.Created)
	r.Succeeded = nil
	first := 0
	for set := range d.Sets {
		if d.Sets[set].Created && r.Placement.Placed() {
			r.Created[set] = r.Placement.Attempt
			for _, i := range d.Sets[set].Succeeded {
				r.Succeeded = append(r.Succeeded, first+i)
			}
		}
		first += w.job.Sets[set].Replicas
	}
	if r.Placement.Placed() && d.Ready() == w.job.Size() && o.Record.End == nil {
		r.Ran = r.Placement.Attempt
		if r.Recovery != nil && r.Recovery.Attempt == r.Placement.Attempt && r.Recovery.Running.IsZero() {
			last := *r.Recovery
			last.Running = w.now
			r.Recovery = &last
		}
	}
}

// schedule is the scheduling loop: one rank a node, all or nothing.
func (w *world) schedule() {
	r := &w.record
	recovering := r.Recovery != nil && r.Recovery.Attempt > r.Placement.Attempt
	switch {
	case r.End != nil:
		r.Placement.Slots, r.Evicting = nil, false
	case r.Evicting:
		if w.left() == 0 {
			r.Placement.Slots, r.Evicting = nil, false
		}
	case recovering && r.Recovery.NotBefore.After(w.now):
	case !r.Placement.Placed():
		w.admit(make([]lifecycle.Slot, w.job.Size()))
	case recovering:
		w.admit(slices.Clone(r.Placement.Slots))
	}
}

// left counts the pods that may still use a node.
func (w *world) left() int {
	n, health := 0, w.judge()
	for _, p := range w.pods {
		if p.Phase <= lifecycle.Running && (!p.Bound || health[p.Node].Health < lifecycle.Lost) {
			n++
		}
	}
	return n
}

// admit gives every slot that has no good node another one, for the next attempt.
func (w *world) admit(slots []lifecycle.Slot) {
	r, health := &w.record, w.judge()
	bad := map[string]bool{"": true}
	for name, n := range health {
		bad[name] = n.Health >= lifecycle.Lost
	}
	for _, e := range excluded(r.Recovery, w.now) {
		bad[e] = true
	}
	next := r.Placement.Attempt + 1
	used := map[string]bool{}
	for i := range slots {
		if !bad[slots[i].Node] {
			used[slots[i].Node] = true
		}
	}
	for i := range slots {
		if bad[slots[i].Node] {
			slots[i].Node = w.free(bad, used, health)
			if slots[i].Node == "" {
				r.Evicting = r.Placement.Placed()
				return
			}
			used[slots[i].Node], slots[i].Attempt = true, next
		}
		if !r.Placement.Placed() || r.Recovery.Replace == nil || slices.Contains(r.Recovery.Replace, i) {
			slots[i].Attempt = next
		}
	}
	r.Placement = lifecycle.Placement{Attempt: next, Since: w.now, Slots: slots}
	r.Succeeded = nil // they are those of one attempt
}

func (w *world) free(bad, used map[string]bool, health map[string]lifecycle.Node) string {
	for _, name := range sorted(w.nodes) {
		if !bad[name] && !used[name] && health[name].Health == lifecycle.Alive {
			return name
		}
	}
	return ""
}

func excluded(r *lifecycle.Recovery, now time.Time) []string {
	var out []string
	if r != nil {
		for _, e := range r.Excluded {
			if e.Until.After(now) {
				out = append(out, e.Node)
			}
		}
	}
	return out
}
