package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/cluster"
)

// breakAfterStep is how far the training comes before a node is taken away.
const breakAfterStep = 300

// tellEvery is how often progress alone is told.
const tellEvery = 3 * time.Second

// show follows a job and tells what happens to it.
type show struct {
	cluster *cluster.Cluster
	client  client.Client
	key     client.ObjectKey

	start     time.Time
	last      string
	told      time.Time
	running   bool      // it ran when it was last looked at
	broken    time.Time // when the node was taken away
	node      string
	recovered bool // the way back has been told
}

// watch follows the job to its end.
func (s *show) watch(ctx context.Context) (*v1alpha1.TrainingJob, error) {
	s.start = time.Now()
	for {
		job := &v1alpha1.TrainingJob{}
		if err := s.client.Get(ctx, s.key, job); err != nil {
			return nil, fmt.Errorf("reading the job: %w", err)
		}
		s.tell(job)
		s.tellRecovery(job.Status.LastRecovery)
		if job.Status.Finished() {
			return job, nil
		}
		if s.broken.IsZero() && step(job) >= breakAfterStep && job.Status.State == v1alpha1.StateRunning {
			if err := s.breakNode(ctx, job); err != nil {
				return nil, err
			}
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

func step(job *v1alpha1.TrainingJob) int64 {
	if p := job.Status.Progress; p != nil && p.Step != nil {
		return *p.Step
	}
	return 0
}

// tell prints a line when there is something new.
func (s *show) tell(job *v1alpha1.TrainingJob) {
	st := &job.Status
	if st.State == v1alpha1.StateRunning && s.running && time.Since(s.told) < tellEvery {
		return
	}
	s.running = st.State == v1alpha1.StateRunning
	line := fmt.Sprintf("%-10s %s ranks", st.State, st.Ready)
	if st.Reason != "" && st.State != v1alpha1.StateRunning {
		line += "  " + st.Reason
	}
	if st.Placed() && st.State == v1alpha1.StateStarting {
		line += "  on " + places(st.Admission)
	}
	// What was reported before a recovery is no news after it.
	stale := st.LastRecovery != nil && st.LastRecovery.FirstStep == nil
	if p := st.Progress; p != nil && p.Step != nil && st.State == v1alpha1.StateRunning && !stale {
		line += "  " + figures(p)
	}
	if line == s.last || st.State == "" {
		return
	}
	s.last, s.told = line, time.Now()
	say(fmt.Sprintf("%6.1fs  %s", time.Since(s.start).Seconds(), line))
}

func places(a *v1alpha1.Admission) string {
	var out []string
	for i := range a.Assignments {
		out = append(out, a.Assignments[i].Node)
	}
	return strings.Join(out, ", ")
}

func figures(p *v1alpha1.Progress) string {
	line := fmt.Sprintf("step %d", *p.Step)
	if p.TotalSteps != nil {
		line += fmt.Sprintf("/%d", *p.TotalSteps)
	}
	if p.Epoch != nil {
		line += fmt.Sprintf("  epoch %d", *p.Epoch)
	}
	for _, m := range p.Metrics {
		line += fmt.Sprintf("  %s %s", m.Name, m.Value)
	}
	return line
}

// breakNode kills a node that runs a rank and not the manager.
func (s *show) breakNode(ctx context.Context, job *v1alpha1.TrainingJob) error {
	leader, err := s.cluster.LeaderNode(ctx)
	if err != nil {
		return err
	}
	for i := range job.Status.Admission.Assignments {
		if node := job.Status.Admission.Assignments[i].Node; node != leader {
			s.node = node
		}
	}
	if s.broken, err = s.cluster.Break(ctx, "kill", s.node); err != nil {
		return err
	}
	say(fmt.Sprintf("\n         ✂ %s is dead: its kubelet and all its containers were killed (lab node kill %s)\n", s.node, s.node))
	return nil
}

// tellRecovery tells the parts of the way back once the training advances again.
func (s *show) tellRecovery(r *v1alpha1.Recovery) {
	if s.recovered || s.broken.IsZero() || r == nil || r.Detected.Time.Before(s.broken) || r.FirstStep == nil || r.Running == nil {
		return
	}
	s.recovered = true
	say(fmt.Sprintf("\n         ✓ recovered from the loss of %s (attempt %d, %s)", s.node, r.Attempt, r.Reason))
	say("           " + r.Message)
	for _, part := range []struct {
		name string
		time *metav1.MicroTime
	}{{"detected", r.Detected}, {"placed anew", r.Placed}, {"all ranks run", r.Running}, {"first step", r.FirstStep}} {
		say(fmt.Sprintf("           %-14s %5.1f s after the loss", part.name, part.time.Sub(s.broken).Seconds()))
	}
	from := r.ResumedFrom
	if from == "" {
		from = "the beginning"
	}
	say("           resumed from   " + from + "\n")
}

// conclude prints the result and what to try next.
func conclude(ctx context.Context, c *cluster.Cluster, s *show, job *v1alpha1.TrainingJob) error {
	say("\nResult: " + string(job.Status.State))
	say(s.lastLines(ctx, job))
	if job.Status.State != v1alpha1.StateSucceeded {
		return fmt.Errorf("the job ended as %s: kubectl describe tj %s", job.Status.State, job.Name)
	}
	say(`
The cluster is still up. To look around:
  export KUBECONFIG=` + c.Kubeconfig() + withKubectl(c) + `
  kubectl get tj -o wide
  kubectl describe tj electricity
  bin/lab node list
make demo-down removes everything.`)
	return nil
}

// withKubectl is what makes kubectl be found where it is not installed.
func withKubectl(c *cluster.Cluster) string {
	if _, err := exec.LookPath("kubectl"); err == nil {
		return ""
	}
	return "\n  export PATH=$PATH:" + c.Programs()
}

// lastLines are what rank 0 printed for people at its end.
func (s *show) lastLines(ctx context.Context, job *v1alpha1.TrainingJob) string {
	for range 30 {
		if log, err := s.logOfRank0(ctx, job); err == nil {
			if lines := prose(log); lines != "" {
				return lines
			}
		}
		if pause(ctx) != nil {
			break
		}
	}
	return "  (rank 0's log is not to be had)"
}

// logOfRank0 is the end of what the latest pod of rank 0 printed. An earlier one
// may be there too, on a node that does not answer.
func (s *show) logOfRank0(ctx context.Context, job *v1alpha1.TrainingJob) (string, error) {
	var pods corev1.PodList
	if err := s.client.List(ctx, &pods, client.InNamespace(job.Namespace),
		client.MatchingLabels{v1alpha1.LabelJobUID: string(job.UID), v1alpha1.LabelIndex: "0"}); err != nil {
		return "", fmt.Errorf("listing the pods of rank 0: %w", err)
	}
	if len(pods.Items) == 0 {
		return "", errors.New("rank 0 has no pod")
	}
	latest := slices.MaxFunc(pods.Items, func(a, b corev1.Pod) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	return s.cluster.Kubectl(ctx, "-n", job.Namespace, "logs", "-c", "trainer", "--tail=20", latest.Name)
}

// prose is what of a log is not for machines.
func prose(log string) string {
	var out []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "launcher:") {
			out = append(out, "  "+strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(out, "\n")
}
