package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// leastPercent is how much garbage may gather beside what is in use. Most
	// of what is in use are caches, which hardly change: a quarter as much
	// memory again is enough, and the processor time is not missed.
	leastPercent = 25
	// mostPercent is Go's default: what is in use may grow fast before it is
	// looked at again, above all while the caches are being filled.
	mostPercent = 100
	// leeway is how much garbage may gather in any case: where little is in use,
	// a part of it is soon full.
	leeway = 24 << 20
	// adjustEvery is how often that is worked out anew.
	adjustEvery = 10 * time.Second
)

// limitGarbage has garbage collected when it has become a quarter of what is in
// use, or leeway where that is more, unless GOGC says otherwise.
func limitGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	ticker := time.NewTicker(adjustEvery)
	defer ticker.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		metrics.Read(live)
		debug.SetGCPercent(garbagePercent(live[0].Value.Uint64()))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// garbagePercent is how much garbage may gather beside so many bytes in use, in
// percent of them.
func garbagePercent(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return int(min(max(leeway*100/live, leastPercent), mostPercent))
}
