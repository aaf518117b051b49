package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed faults.csv
var faultsCSV string

// days and servers are the size of the fleet that the trace was taken from.
const (
	traceDays    = 348
	traceServers = 400
)

const day = 24 * time.Hour

// traced is one failure of the trace.
type traced struct {
	at, lasted  time.Duration
	server      int
	class, what string
}

// readTrace reads the failures, in order of time.
func readTrace() ([]traced, error) {
	r := csv.NewReader(strings.NewReader(faultsCSV))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("faults.csv: %w", err)
	}
	var out []traced
	for i, row := range rows[1:] {
		at, err1 := strconv.ParseFloat(row[0], 64)
		server, err2 := strconv.Atoi(row[1])
		lasted, err3 := strconv.ParseFloat(row[4], 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, fmt.Errorf("faults.csv: row %d: %q: not numbers", i+2, row)
		}
		out = append(out, traced{inDays(at), inDays(lasted), server, row[2], row[3]})
	}
	return out, nil
}

func inDays(d float64) time.Duration { return time.Duration(d * float64(day)) }
