package checkpoint

import (
	"context"
	"os"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/launcher/watch"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// every is how often a directory is looked at where no event tells.
const every = 10 * time.Second

// Watch calls newest with the newest commit of an attempt whenever there is a
// newer one, until the context ends.
func (j Job) Watch(ctx context.Context, c clock.WithTicker, attempt int32, newest func(launchspec.Checkpoint)) {
	names := watch.Dir(ctx, c, j.Dir(attempt), every)
	w := watcher{job: j, attempt: attempt, step: -1, newest: newest}
	for name := watch.Look; ; {
		w.see(name)
		select {
		case name = <-names:
		case <-ctx.Done():
			return
		}
	}
}

type watcher struct {
	job     Job
	attempt int32
	step    int64
	changed time.Time // of the directory, when it was last listed
	newest  func(launchspec.Checkpoint)
}

func (w *watcher) see(name string) {
	found, ok := w.look(name)
	if ok && found.Step > w.step {
		w.step = found.Step
		w.newest(found)
	}
}

// look examines one entry, or lists the directory if it has changed since it
// was last listed: on shared storage a list is much dearer than a look.
func (w *watcher) look(name string) (launchspec.Checkpoint, bool) {
	if name != watch.Look {
		return w.job.Look(w.attempt, name)
	}
	info, err := os.Stat(w.job.Dir(w.attempt))
	if err != nil || info.ModTime().Equal(w.changed) {
		return launchspec.Checkpoint{}, false
	}
	found, ok, err := w.job.Newest(w.attempt)
	if err == nil {
		w.changed = info.ModTime()
	}
	return found, ok
}
