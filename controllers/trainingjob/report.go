package trainingjob

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

var (
	jobsFinished = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trainyard_jobs_finished_total",
		Help: "TrainingJobs that have ended, by result (Succeeded or Failed) and reason.",
	}, []string{"result", "reason"})
	recoveries = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trainyard_recoveries_total",
		Help: "Restarts of TrainingJobs, by reason and by whether they count towards maxRestarts.",
	}, []string{"reason", "counted"})
	recoverySeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "trainyard_recovery_seconds",
		Help:    "Time from the detection of a failure until the job was placed, ran and made its first step again.",
		Buckets: []float64{.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800},
	}, []string{"until"})
	startSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "trainyard_job_start_seconds",
		Help:    "Time from the creation of a TrainingJob until every rank first ran.",
		Buckets: []float64{1, 2, 4, 8, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
	})
)

func init() {
	metrics.Registry.MustRegister(jobsFinished, recoveries, recoverySeconds, startSeconds)
}

// report tells people and dashboards what a status write has just recorded.
func (r *Reconciler) report(s *scope, last, next *v1alpha1.TrainingJobStatus) {
	r.reportStart(s, last, next)
	r.reportRecovery(s, last, next)
	r.reportEnd(s, last, next)
}

func (r *Reconciler) reportStart(s *scope, last, next *v1alpha1.TrainingJobStatus) {
	if last.StartTime != nil || next.StartTime == nil || next.CompletionTime != nil {
		return
	}
	startSeconds.Observe(next.StartTime.Sub(s.job.CreationTimestamp.Time).Seconds())
	r.Recorder.Eventf(s.job, nil, corev1.EventTypeNormal, "Running", "Start", "all %d ranks run", s.layout.Total())
}

func (r *Reconciler) reportRecovery(s *scope, last, next *v1alpha1.TrainingJobStatus) {
	rec := next.LastRecovery
	if rec == nil {
		return
	}
	before := &v1alpha1.Recovery{}
	if last.LastRecovery != nil && last.LastRecovery.Attempt == rec.Attempt {
		before = last.LastRecovery
	} else {
		counted := "false"
		if valueOf(rec.Counted) {
			counted = "true"
		}
		recoveries.WithLabelValues(rec.Reason, counted).Inc()
		r.Recorder.Eventf(s.job, nil, corev1.EventTypeWarning, rec.Reason, "Recover", "attempt %d: %s", rec.Attempt, rec.Message)
	}
	observePart("placed", rec, before.Placed == nil, microTimeOf(rec.Placed))
	observePart("running", rec, before.Running == nil, microTimeOf(rec.Running))
	observePart("firstStep", rec, before.FirstStep == nil, microTimeOf(rec.FirstStep))
	if before.Attempt == rec.Attempt && before.Running == nil && rec.Running != nil {
		r.Recorder.Eventf(s.job, nil, corev1.EventTypeNormal, "Recovered", "Recover", "attempt %d runs, %s after %s was detected",
			rec.Attempt, rec.Running.Sub(rec.Detected.Time).Round(10*time.Millisecond), rec.Reason)
	}
}

func observePart(until string, rec *v1alpha1.Recovery, isNew bool, at time.Time) {
	if isNew && !at.IsZero() && rec.Detected != nil {
		recoverySeconds.WithLabelValues(until).Observe(at.Sub(rec.Detected.Time).Seconds())
	}
}

func (r *Reconciler) reportEnd(s *scope, last, next *v1alpha1.TrainingJobStatus) {
	if last.CompletionTime != nil || next.CompletionTime == nil {
		return
	}
	for kind, eventType := range map[string]string{
		v1alpha1.ConditionSucceeded: corev1.EventTypeNormal,
		v1alpha1.ConditionFailed:    corev1.EventTypeWarning,
	} {
		if c := meta.FindStatusCondition(next.Conditions, kind); c != nil {
			jobsFinished.WithLabelValues(kind, c.Reason).Inc()
			r.Recorder.Eventf(s.job, nil, eventType, kind, "Finish", "%s: %s", c.Reason, c.Message)
		}
	}
}
