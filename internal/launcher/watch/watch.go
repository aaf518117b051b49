// Package watch tells when something happens in a directory: at once where the
// kernel says so, and by looking from time to time in any case, for the changes
// that another machine makes and for the machine that has no watches left.
package watch

import (
	"context"
	"time"

	"k8s.io/utils/clock"
)

// Look is the name that stands for: look at everything.
const Look = ""

// pending is how many names may wait. Those that do not fit become one Look.
const pending = 64

// Dir sends the names of entries that appear, are renamed or are closed after
// writing in dir, and Look every interval. It ends with the context.
func Dir(ctx context.Context, c clock.WithTicker, dir string, every time.Duration) <-chan string {
	names := make(chan string, pending)
	ticker := c.NewTicker(every)
	events := notify(ctx, dir)
	go func() {
		defer ticker.Stop()
		for {
			select {
			case name := <-events:
				send(ctx, names, name)
			case <-ticker.C():
				send(ctx, names, Look)
			case <-ctx.Done():
				return
			}
		}
	}()
	return names
}

func send(ctx context.Context, to chan<- string, name string) {
	select {
	case to <- name:
	case <-ctx.Done():
	}
}
