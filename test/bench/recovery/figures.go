package main

import (
	"slices"

	"github.com/trainyard/trainyard/test/bench/benchlab"
)

// What the ready part may take, in seconds, after the loss of a node and after
// the death of a process.
const (
	nodeMedian, nodeWorst = 20, 30
	processWorst          = 5
)

// tell prints the parts of both contenders' recoveries from one fault.
func tell(fault string, ours, theirs []*trial) {
	prefix := "recovery_" + fault + "_"
	for _, part := range parts {
		own, all := seconds(ours, part)
		tellPart(prefix+"trainingjob_"+part, fault, part, own, all)
		other, _ := seconds(theirs, part)
		if len(other) > 0 {
			benchlab.Tell(prefix+"job_"+part+"_median", benchlab.Median(other), "s")
			benchlab.Tell(prefix+"job_"+part+"_worst", slices.Max(other), "s")
		}
		if part == "ready" && len(own) > 0 && len(other) > 0 {
			benchlab.AtMost(prefix+"trainingjob_over_job_ready", benchlab.Median(own)/benchlab.Median(other), "ratio", 1)
		}
	}
}

// tellPart prints median and worst of a part; without its being reached in every
// trial, ready has failed.
func tellPart(name, fault, part string, own []float64, all bool) {
	if len(own) == 0 {
		return
	}
	median, worst := benchlab.Median(own), slices.Max(own)
	switch {
	case part != "ready":
		benchlab.Tell(name+"_median", median, "s")
		benchlab.Tell(name+"_worst", worst, "s")
		return
	case !all:
		worst = patience.Seconds()
	}
	if fault == faultProcess {
		benchlab.AtMost(name+"_median", median, "s", processWorst)
		benchlab.AtMost(name+"_worst", worst, "s", processWorst)
		return
	}
	benchlab.AtMost(name+"_median", median, "s", nodeMedian)
	benchlab.AtMost(name+"_worst", worst, "s", nodeWorst)
}

// seconds are how long a part took in the trials that reached it, and whether
// all did.
func seconds(trials []*trial, part string) (out []float64, all bool) {
	for _, t := range trials {
		if s, reached := t.after(part); reached {
			out = append(out, s)
		}
	}
	return out, len(out) == len(trials)
}
