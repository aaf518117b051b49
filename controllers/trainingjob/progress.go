package trainingjob

import (
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// rankReport is what one rank's launcher says, now or at its end.
type rankReport struct {
	rank       int
	progress   *progress.Snapshot
	checkpoint *launchspec.Checkpoint
	firstStep  *time.Time
}

// reports are those of the current attempt. While a restart is asked for there
// are none: the checkpoint that it resumes from is settled.
func (s *scope) reports() []rankReport {
	placement := &s.observed.Record.Placement
	rec := s.observed.Record.Recovery
	if rec != nil && rec.Attempt > placement.Attempt {
		return nil
	}
	var out []rankReport
	for i := range s.pods {
		rank := s.observed.Pods[i].Rank
		if live := s.live[i]; live != nil && live.Attempt == placement.Attempt {
			out = append(out, rankReport{rank, live.Progress, live.Checkpoint, live.FirstStepAt})
		}
		if final := s.final[i]; final != nil && final.Attempt == placement.Attempt {
			out = append(out, rankReport{rank: rank, progress: final.Progress, checkpoint: final.Checkpoint})
		}
	}
	return out
}

// setProgress takes over what the ranks report: the figures of the first rank
// that reports any, and the newest commit of all.
func (s *scope) setProgress(st *v1alpha1.TrainingJobStatus) {
	if s.observed.Record.End != nil {
		return
	}
	var speaker *rankReport
	reports := s.reports()
	for i := range reports {
		r := &reports[i]
		if r.progress != nil && (speaker == nil || r.rank < speaker.rank) {
			speaker = r
		}
		if r.checkpoint != nil {
			setCheckpoint(st, r.checkpoint.Ref())
		}
	}
	if speaker == nil {
		return
	}
	if st.Progress == nil {
		st.Progress = &v1alpha1.Progress{}
	}
	setFigures(st.Progress, speaker.progress)
}

// setCheckpoint moves the lineage forward, never back.
func setCheckpoint(st *v1alpha1.TrainingJobStatus, ref launchspec.CheckpointRef) {
	if st.Progress == nil {
		st.Progress = &v1alpha1.Progress{}
	}
	last, err := launchspec.ParseCheckpointRef(st.Progress.LastCheckpoint)
	if err == nil && (last.Attempt > ref.Attempt || (last.Attempt == ref.Attempt && last.Step >= ref.Step)) {
		return
	}
	st.Progress.LastCheckpoint = ref.String()
}

func setFigures(p *v1alpha1.Progress, from *progress.Snapshot) {
	p.Step, p.TotalSteps = from.Step, from.TotalSteps
	if from.Epoch != nil {
		epoch := int64(*from.Epoch)
		p.Epoch = &epoch
	}
	p.Metrics = p.Metrics[:0]
	for name, value := range from.Metrics {
		p.Metrics = append(p.Metrics, v1alpha1.Metric{Name: name, Value: strconv.FormatFloat(value, 'g', 6, 64)})
	}
	slices.SortFunc(p.Metrics, func(a, b v1alpha1.Metric) int { return strings.Compare(a.Name, b.Name) })
	if !from.Time.IsZero() {
		p.Time = &metav1.Time{Time: from.Time.Truncate(time.Second)}
	}
}

// firstStep is when the first rank reported a step, or when all of them ran if
// that was seen later; zero before a step.
func (s *scope) firstStep(running time.Time) time.Time {
	var first time.Time
	for _, r := range s.reports() {
		if r.firstStep != nil && (first.IsZero() || r.firstStep.Before(first)) {
			first = *r.firstStep
		}
	}
	if !first.IsZero() && first.Before(running) {
		return running
	}
	return first
}
