package hardware

import (
	"fmt"
	"slices"
	"time"
)

// maxHistory bounds the fatal findings remembered for one serial number.
const maxHistory = 64

// past is one fatal finding of a device.
type past struct {
	at   time.Time // steady
	wall time.Time
	boot string
	rule string
	code int
}

// history holds the past by serial number, across slots and boots.
type history map[string][]past

func (h history) add(serial string, p past) {
	if serial == "" {
		return
	}
	h[serial] = append(h[serial], p)
	list := h[serial]
	slices.SortStableFunc(list, func(a, b past) int { return a.at.Compare(b.at) })
	if len(list) > maxHistory {
		list = slices.Delete(list, 0, len(list)-maxHistory)
	}
	h[serial] = list
}

// prune forgets what no escalation looks at any more.
func (h history) prune(now time.Time, keep time.Duration) {
	for serial, list := range h {
		list = slices.DeleteFunc(list, func(p past) bool { return now.Sub(p.at) > keep })
		if len(list) == 0 {
			delete(h, serial)
			continue
		}
		h[serial] = list
	}
}

// escalate is the finding that a device's past asks for, if any.
func (h history) escalate(e *Escalation, serial string, now time.Time) (Finding, bool) {
	if len(h[serial]) == 0 {
		return Finding{}, false
	}
	recent := slices.DeleteFunc(slices.Clone(h[serial]), func(p past) bool { return now.Sub(p.at) > e.Window })
	for _, group := range e.groups(recent) {
		boots := distinctBoots(group)
		if len(group) < e.Count || boots < e.Boots {
			continue
		}
		last := group[len(group)-1]
		return Finding{
			Serial: serial, Rule: e.Name, Code: last.code, Since: last.wall, Seen: last.wall, Count: len(group),
			BootID: last.boot, origin: fromEscalation,
			Outcome: Outcome{Fatal, ClassHardware, e.Action, e.Advice},
			Reason:  fmt.Sprintf("%d fatal findings in %d boots, the last one %s: %s", len(group), boots, last.name(), e.Advice),
		}, true
	}
	return Finding{}, false
}

func (p past) name() string {
	if p.code != 0 {
		return fmt.Sprintf("%s (%d)", p.rule, p.code)
	}
	return p.rule
}

// groups splits the past by rule and code where the escalation asks for it.
func (e *Escalation) groups(list []past) [][]past {
	if !e.SameCode {
		return [][]past{list}
	}
	type key struct {
		rule string
		code int
	}
	var groups [][]past
	index := map[key]int{}
	for _, p := range list {
		k := key{p.rule, p.code}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

func distinctBoots(list []past) int {
	var boots []string
	for _, p := range list {
		if !slices.Contains(boots, p.boot) {
			boots = append(boots, p.boot)
		}
	}
	return len(boots)
}
