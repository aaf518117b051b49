package trainingjob

import (
	"strconv"
	"strings"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// indexRuns writes ascending indexes as 0,2-5.
func indexRuns(indexes []int) string {
	var b strings.Builder
	for i := 0; i < len(indexes); {
		end := i
		for end+1 < len(indexes) && indexes[end+1] == indexes[end]+1 {
			end++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(indexes[i]))
		if end > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(indexes[end]))
		}
		i = end + 1
	}
	return b.String()
}

// indexesOf reads them back. What is damaged is left out.
func indexesOf(runs string) []int {
	var out []int
	for run := range strings.SplitSeq(runs, ",") {
		from, to, isRun := strings.Cut(run, "-")
		first, err := strconv.Atoi(from)
		if err != nil {
			continue
		}
		last := first
		if isRun {
			if last, err = strconv.Atoi(to); err != nil {
				continue
			}
		}
		for i := first; i <= min(last, first+v1alpha1.MaxPods); i++ {
			out = append(out, i)
		}
	}
	return out
}
