package trainingjob

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

// observePod turns a pod into plain values. Its phase is that of the training
// container: a sidecar that lives on does not keep a rank from having ended.
func observePod(pod *corev1.Pod) lifecycle.Pod {
	p := lifecycle.Pod{
		Name: pod.Name, UID: string(pod.UID), Node: pod.Spec.NodeName, Bound: pod.Spec.NodeName != "",
		Created: pod.CreationTimestamp.Time,
		Reason:  pod.Status.Reason, Attempt: attemptOf(pod),
	}
	if at := pod.DeletionTimestamp; at != nil {
		p.Deleting, p.AskedToGo = true, at.Add(-seconds(valueOf(pod.DeletionGracePeriodSeconds)))
	}
	if in, ok, err := launchspec.ParseInstruction([]byte(pod.Annotations[v1alpha1.AnnotationInstruction])); ok && err == nil {
		p.Instructed = in.Attempt
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		p.Conditions = append(p.Conditions, lifecycle.Condition{Type: string(c.Type), Status: string(c.Status)})
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			p.Unscheduled = c.Message
		}
	}
	observePhase(pod, &p)
	if p.Phase == lifecycle.Failed {
		p.Cause = causeOf(pod)
	}
	if p.Phase >= lifecycle.Succeeded {
		p.EndedAt = endOf(pod, p.EndedAt)
	}
	return p
}

// endOf is when a pod ended at the latest: the kubelet gives whole seconds.
// Where no container has a time, the pod's last change of condition stands in.
func endOf(pod *corev1.Pod, finished time.Time) time.Time {
	if !finished.IsZero() {
		return finished.Add(time.Second - 1)
	}
	last := pod.CreationTimestamp.Time
	for i := range pod.Status.Conditions {
		if at := pod.Status.Conditions[i].LastTransitionTime.Time; at.After(last) {
			last = at
		}
	}
	return last
}

func attemptOf(pod *corev1.Pod) int32 {
	n, err := strconv.ParseInt(pod.Labels[v1alpha1.LabelAttempt], 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// observePhase fills in phase, readiness and exit code.
func observePhase(pod *corev1.Pod, p *lifecycle.Pod) {
	main := trainingStatus(pod)
	switch {
	case pod.Status.Phase == corev1.PodFailed:
		p.Phase = lifecycle.Failed
		p.ExitCode, p.EndedAt = exitOf(pod, main)
	case pod.Status.Phase == corev1.PodSucceeded:
		p.Phase = lifecycle.Succeeded
		_, p.EndedAt = exitOf(pod, main)
	case main != nil && main.State.Terminated != nil:
		t := main.State.Terminated
		p.ExitCode, p.EndedAt = t.ExitCode, t.FinishedAt.Time
		p.Phase = lifecycle.Succeeded
		if t.ExitCode != 0 {
			p.Phase = lifecycle.Failed
		}
	case main != nil && main.State.Running != nil:
		p.Phase, p.Ready = lifecycle.Running, main.Ready
	case pod.Status.Phase == corev1.PodRunning:
		p.Phase = lifecycle.Running
	}
}

// trainingStatus is the status of the first container of the spec; nil if the
// kubelet has not reported it. Of a pod that succeeded the cache keeps no other.
func trainingStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		c := &pod.Status.ContainerStatuses[i]
		if len(pod.Spec.Containers) == 0 || c.Name == pod.Spec.Containers[0].Name {
			return c
		}
	}
	return nil
}

// exitOf is the training container's exit, else the first failed one of another.
func exitOf(pod *corev1.Pod, main *corev1.ContainerStatus) (int32, time.Time) {
	if main != nil && main.State.Terminated != nil && (main.State.Terminated.ExitCode != 0 || pod.Status.Phase == corev1.PodSucceeded) {
		return main.State.Terminated.ExitCode, main.State.Terminated.FinishedAt.Time
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if t := statuses[i].State.Terminated; t != nil && t.ExitCode != 0 {
				return t.ExitCode, t.FinishedAt.Time
			}
		}
	}
	return 0, time.Time{}
}

// outsideReasons are the kubelet's and the control plane's words for a pod that
// was ended from outside.
var outsideReasons = map[string]bool{
	"Evicted": true, "NodeLost": true, "NodeShutdown": true, "Shutdown": true, "Terminated": true, "Preempting": true,
}

// causeOf says whether a failed pod's own program is to blame. A pod none of
// whose containers ever started was refused by its kubelet.
func causeOf(pod *corev1.Pod) lifecycle.Cause {
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return lifecycle.CauseDisrupted
		}
	}
	switch {
	case outsideReasons[pod.Status.Reason] || lostTrack(pod):
		return lifecycle.CauseDisrupted
	case strings.HasPrefix(pod.Status.Reason, "OutOf") || !anyStarted(pod):
		return lifecycle.CauseRefused
	default:
		return lifecycle.CauseProgram
	}
}

// lostTrack says whether the kubelet does not know how the training container
// ended: its node went down and came back.
func lostTrack(pod *corev1.Pod) bool {
	main := trainingStatus(pod)
	if main == nil || main.State.Terminated == nil {
		return false
	}
	reason := main.State.Terminated.Reason
	return reason == "ContainerStatusUnknown" || reason == "Unknown"
}

func anyStarted(pod *corev1.Pod) bool {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].State.Terminated != nil || statuses[i].State.Running != nil {
				return true
			}
		}
	}
	return false
}

// terminationMessage is what the training container's launcher left behind.
func terminationMessage(pod *corev1.Pod) string {
	if main := trainingStatus(pod); main != nil && main.State.Terminated != nil {
		return main.State.Terminated.Message
	}
	return ""
}

func observeLauncher(s *launchspec.Status) *lifecycle.Launcher {
	l := &lifecycle.Launcher{Attempt: s.Attempt, ExitCode: valueOf(s.ExitCode), ExitedAt: valueOf(s.ExitedAt)}
	switch s.Phase {
	case launchspec.PhaseWaitingForPeers:
		l.Phase = lifecycle.LauncherWaiting
	case launchspec.PhaseRunning:
		l.Phase = lifecycle.LauncherRunning
	case launchspec.PhaseExited:
		l.Phase = lifecycle.LauncherExited
	case launchspec.PhaseFenced:
		l.Phase = lifecycle.LauncherFenced
	case launchspec.PhaseStarting:
	}
	if l.Phase == lifecycle.LauncherExited && s.Signal != 0 && l.ExitCode == 0 {
		l.ExitCode = 128 + s.Signal
	}
	return l
}
