package placement

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Explain puts a decision of this state's plan into a sentence for people.
func (s *State) Explain(d *Decision) string {
	switch d.Verb {
	case Admit, Replace:
		return s.explainPlaced(d)
	case Reserve:
		return fmt.Sprintf("%s kept until the gangs there have left", places(d.Runs))
	case Preempt:
		return fmt.Sprintf("makes room for %s, which has a higher priority", d.For)
	case Release:
		return s.explainRelease(d)
	case Impossible:
		return "can never be placed: " + s.explainShortage(d)
	default:
		return s.explainWait(d)
	}
}

func (s *State) explainWait(d *Decision) string {
	switch {
	case d.Reason == Behind:
		return fmt.Sprintf("the room that it could take is kept for %s, which comes first and is expected to fit at %s",
			d.For, clockTime(d.At))
	case !d.At.IsZero():
		return s.explainShortage(d) + "; those that run are expected to make room by " + clockTime(d.At)
	default:
		return s.explainShortage(d)
	}
}

// clockTime writes a time to the minute, rounded up.
func clockTime(t time.Time) string {
	return t.Add(time.Minute - time.Nanosecond).UTC().Format("2006-01-02 15:04 UTC")
}

func (s *State) explainPlaced(d *Decision) string {
	text := places(d.Runs)
	if d.Verb == Replace {
		text += " for the ranks that were lost"
	}
	if d.Reason == FitsAhead {
		text += fmt.Sprintf(", ahead of %s, which does not fit yet", d.For)
	}
	return text
}

func (s *State) explainRelease(d *Decision) string {
	if d.Reason == Deadlock {
		return fmt.Sprintf("no place for the ranks that were lost, and %s can go on with what is held here", d.For)
	}
	return "no place was found in time for the ranks that were lost: " + s.explainShortage(d)
}

// places counts pods and nodes.
func places(runs []Run) string {
	pods, nodes := int32(0), map[NodeID]bool{}
	for _, run := range runs {
		pods += run.Count
		nodes[run.Node] = true
	}
	return plural(int64(pods), "place") + " on " + plural(int64(len(nodes)), "node")
}

func (s *State) explainShortage(d *Decision) string {
	sh := &d.Shortage
	g := s.gangs[d.Gang]
	var b strings.Builder
	set := strconv.Itoa(int(sh.Set))
	if g != nil && int(sh.Set) < len(g.Sets) {
		set = g.Sets[sh.Set].Name
	}
	fmt.Fprintf(&b, "set %s: ", set)
	switch {
	case sh.Tried == 0:
		b.WriteString("no node may be used")
	case sh.Fit == sh.Pods:
		b.WriteString("fits alone, but not together with the other sets")
	default:
		fmt.Fprintf(&b, "%d of %s", sh.Fit, plural(int64(sh.Pods), "pod"))
		b.WriteString(" would fit")
		s.explainScarce(&b, sh)
	}
	fmt.Fprintf(&b, " (%s)", strings.Join(s.nodeCounts(sh), "; "))
	return b.String()
}

func (s *State) explainScarce(b *strings.Builder, sh *Shortage) {
	if sh.Resource < 0 {
		return
	}
	r := s.resources[sh.Resource]
	if sh.By() == 0 {
		fmt.Fprintf(b, ": enough of each resource, but not together on one node")
		return
	}
	fmt.Fprintf(b, ": short of %s %s (needs %s", quantity(sh.By(), r.Unit), r.Name, quantity(sh.Need, r.Unit))
	fmt.Fprintf(b, ", %s free", quantity(sh.Free, r.Unit))
	if sh.Usable < sh.Free {
		fmt.Fprintf(b, ", %s of it usable", quantity(sh.Usable, r.Unit))
	}
	b.WriteString(")")
}

// nodeCounts says what became of the nodes.
func (s *State) nodeCounts(sh *Shortage) []string {
	out := []string{plural(int64(sh.Tried), "node") + " tried"}
	for _, short := range sh.Short {
		out = append(out, fmt.Sprintf("%d without enough %s", short.Nodes, s.resources[short.Resource].Name))
	}
	if sh.Unready > 0 {
		out = append(out, fmt.Sprintf("%d not ready", sh.Unready))
	}
	if sh.Excluded > 0 {
		out = append(out, fmt.Sprintf("%d excluded for this job", sh.Excluded))
	}
	for _, refused := range sh.Refused {
		out = append(out, fmt.Sprintf("%d with %s", refused.Nodes, refused.Class))
	}
	return out
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}

// quantity writes an amount the way its unit is read.
func quantity(n int64, unit Unit) string {
	switch unit {
	case Milli:
		return strconv.FormatFloat(float64(n)/1000, 'f', -1, 64)
	case Bytes:
		return bytes(n)
	default:
		return strconv.FormatInt(n, 10)
	}
}

func bytes(n int64) string {
	units := []string{"", "Ki", "Mi", "Gi", "Ti"}
	value, i := float64(n), 0
	for value >= 1024 && i < len(units)-1 {
		value, i = value/1024, i+1
	}
	return strconv.FormatFloat(value, 'f', min(i, 1), 64) + units[i]
}
