package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/bench/benchlab"
)

// The write budget of a gang of n pods: n creates, 8 status writes, 3 events,
// and an EndpointSlice for every 1000 pods.
const (
	statusWrites  = 8
	events        = 3
	sliceCapacity = 1000
)

// quiet is how long a gang that runs is watched for writes that come late.
const quiet = 5 * time.Second

// settled counts what the manager wrote for a gang until it had nothing more to
// write.
func settled(ctx context.Context, l *benchlab.Lab, name string, begun time.Time) (benchlab.Writes, error) {
	err := benchlab.Wait(ctx, "called Running: "+name, time.Minute, func(ctx context.Context) (bool, error) {
		job := &v1alpha1.TrainingJob{}
		err := l.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, job)
		return err == nil && job.Status.State == v1alpha1.StateRunning, err
	})
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(quiet):
	}
	return l.Writes(ctx, benchlab.User, begun, time.Now())
}

// tellWrites prints what was written, by kind and in all.
func tellWrites(prefix string, size int, writes benchlab.Writes) {
	var words []string
	for _, what := range slices.Sorted(maps.Keys(writes)) {
		words = append(words, fmt.Sprintf("%d %s", writes[what], what))
	}
	benchlab.Say("the manager wrote for it: %s", strings.Join(words, ", "))
	count := func(resource string) float64 {
		n := 0
		for what, times := range writes {
			if strings.HasSuffix(what, " "+resource) && !strings.HasPrefix(what, "dry-run") {
				n += times
			}
		}
		return float64(n)
	}
	slices := float64((size + sliceCapacity - 1) / sliceCapacity)
	benchlab.AtMost(prefix+"pod_writes", count("pods"), "requests", float64(size))
	benchlab.AtMost(prefix+"status_writes", count("trainingjobs/status"), "requests", statusWrites)
	benchlab.AtMost(prefix+"event_writes", count("events"), "requests", events)
	benchlab.AtMost(prefix+"endpointslice_writes", count("endpointslices"), "requests", slices)
	benchlab.AtMost(prefix+"all_writes", float64(writes.Total()), "requests", float64(size+statusWrites+events)+slices)
}
