package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// logs reads what trainings print.
type logs struct{ client *corev1client.CoreV1Client }

func newLogs(kubeconfig string) (*logs, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", kubeconfig, err)
	}
	client, err := corev1client.NewForConfig(config)
	return &logs{client}, err
}

// said is when a rank said, after some moment, that it had met all others, and
// when it then reported a step; zero: it has not.
type said struct{ met, step time.Time }

// read looks into the log of a pod. A log that cannot be read says nothing.
func (l *logs) read(ctx context.Context, pod string, since time.Time) said {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	content, err := l.client.Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{
		Container: container, Timestamps: true, SinceTime: &metav1.Time{Time: since},
	}).Do(ctx).Raw()
	var s said
	if err != nil {
		return s
	}
	for line := range strings.Lines(string(content)) {
		stamp, text, _ := strings.Cut(line, " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		switch {
		case err != nil || !at.After(since):
		case strings.Contains(text, "all ranks are here"):
			s = said{met: at}
		case strings.Contains(text, `"step":`) && !s.met.IsZero() && s.step.IsZero():
			s.step = at
		}
	}
	return s
}
