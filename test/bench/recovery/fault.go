package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const faultProcess = "process"

// allFaults are what `lab node` knows, and the death of one rank's process.
var allFaults = []string{"kill", "silence", "cut", faultProcess}

// victim is the pod that the fault is to hit: rank 1, but of a TrainingJob
// whichever does not share its node with the manager that leads.
func (t *trial) victim(ctx context.Context, pods []corev1.Pod) (*corev1.Pod, error) {
	leader, err := t.lab.LeaderNode(ctx)
	if err != nil {
		return nil, err
	}
	for _, rank := range []string{"1", "0"} {
		for i := range pods {
			pod := &pods[i]
			if pod.Labels[t.contender.rankLabel] == rank && (t.contender == torchrunJob || pod.Spec.NodeName != leader) {
				return pod, nil
			}
		}
	}
	return nil, fmt.Errorf("no rank runs elsewhere than on %s, where the manager leads", leader)
}

// inject lets the fault happen and returns when it did.
func (t *trial) inject(ctx context.Context, victim *corev1.Pod) (time.Time, error) {
	if t.fault != faultProcess {
		t.broken = victim.Spec.NodeName
		return t.lab.Break(ctx, t.fault, t.broken)
	}
	pid, err := trainingProcess(t.id, victim.Spec.Hostname)
	if err != nil {
		return time.Time{}, err
	}
	at := time.Now()
	return at, syscall.Kill(pid, syscall.SIGKILL)
}

// trainingProcess finds the process that trains in the pod of that host name:
// the kernel is the nodes' own, so all of their processes are seen here.
func trainingProcess(id, hostname string) (int, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		command, environment := words(folder, "cmdline"), words(folder, "environ")
		if trains(command) && slices.Contains(environment, variable+"="+id) && slices.Contains(environment, "HOSTNAME="+hostname) {
			return strconv.Atoi(filepath.Base(folder))
		}
	}
	return 0, fmt.Errorf("no process trains in %s of %s", hostname, id)
}

// trains tells a training from whoever only starts it: a launcher or torchrun.
func trains(command []string) bool {
	at := slices.Index(command, program)
	return at > 0 && strings.Contains(command[0], "python") && !slices.ContainsFunc(command[:at], func(word string) bool {
		return strings.HasSuffix(word, "torchrun")
	})
}

func words(folder, file string) []string {
	content, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return nil // it has ended
	}
	return strings.Split(string(content), "\x00")
}
