package launchspec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/trainyard/trainyard/pkg/progress"
)

// Phase is what a launcher is doing.
type Phase string

// The phases. A launcher begins in Starting; Fenced is left only by a higher
// attempt.
const (
	PhaseStarting        Phase = "Starting"
	PhaseWaitingForPeers Phase = "WaitingForPeers"
	PhaseRunning         Phase = "Running"
	PhaseExited          Phase = "Exited"
	PhaseFenced          Phase = "Fenced"
)

// Status is the answer to GET /v1/status. It holds numbers, times, names that
// this package defines and short metric names: nothing else that the training
// printed.
type Status struct {
	JobUID  string `json:"jobUID"`
	Set     string `json:"set"`
	Index   int32  `json:"index"`
	Rank    int32  `json:"rank"`
	Attempt int32  `json:"attempt"`
	Phase   Phase  `json:"phase"`
	// ExitCode and Signal are those of this attempt's child, once it ended.
	ExitCode *int32 `json:"exitCode,omitempty"`
	Signal   int32  `json:"signal,omitempty"`
	// StartedAt and ExitedAt are this attempt's child's.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	ExitedAt  *time.Time `json:"exitedAt,omitempty"`
	// FirstStepAt is when this attempt first reported a step.
	FirstStepAt *time.Time `json:"firstStepAt,omitempty"`
	// Restarts counts how often this launcher started the child again in place.
	Restarts   int32              `json:"restarts"`
	Progress   *progress.Snapshot `json:"progress,omitempty"`
	Checkpoint *Checkpoint        `json:"checkpoint,omitempty"`
	// Message is the launcher's own words on what is wrong or awaited.
	Message string `json:"message,omitempty"`
}

// Checkpoint is the newest commit of an attempt.
type Checkpoint struct {
	Attempt int32  `json:"attempt"`
	Name    string `json:"name"`
	Step    int64  `json:"step"`
	// Time is when the checkpoint was last written to before its commit.
	Time time.Time `json:"time"`
}

// Ref is the reference to resume from.
func (c Checkpoint) Ref() CheckpointRef {
	return CheckpointRef{Attempt: c.Attempt, Name: c.Name, Step: c.Step}
}

// Key is the answer to GET /v1/key, for MPI jobs alone.
type Key struct {
	JobUID  string `json:"jobUID"`
	Rank    int32  `json:"rank"`
	Attempt int32  `json:"attempt"`
	// PublicKey is one line as authorized_keys and known_hosts have it, without
	// options and comment.
	PublicKey string `json:"publicKey"`
}

// MPIHost is one host of an MPI job, by its stable name, or all hosts of a set:
// thousands of names in full are more than a variable can hold.
type MPIHost struct {
	// Host is the name. Where there is a count, * in it stands for each number
	// from 0 to one below the count.
	Host  string `json:"host"`
	Count int32  `json:"count,omitempty"`
	// Slots is how many processes a host takes.
	Slots int32 `json:"slots"`
}

// MPIHosts names every host that a list stands for, one by one.
func MPIHosts(list []MPIHost) []MPIHost {
	var out []MPIHost
	for _, h := range list {
		if h.Count == 0 {
			out = append(out, h)
			continue
		}
		for i := range h.Count {
			name := strings.Replace(h.Host, "*", strconv.FormatInt(int64(i), 10), 1)
			out = append(out, MPIHost{Host: name, Slots: h.Slots})
		}
	}
	return out
}

// MaxTerminationBytes is what the kubelet keeps of a termination message.
const MaxTerminationBytes = 4096

// Termination is what a launcher leaves behind in the termination message. It
// is also written while the child runs, so that a launcher that is killed
// outright still tells how far it came; Phase is then not Exited.
type Termination struct {
	Attempt    int32              `json:"attempt"`
	Phase      Phase              `json:"phase"`
	ExitCode   *int32             `json:"exitCode,omitempty"`
	Signal     int32              `json:"signal,omitempty"`
	StartedAt  *time.Time         `json:"startedAt,omitempty"`
	ExitedAt   *time.Time         `json:"exitedAt,omitempty"`
	Restarts   int32              `json:"restarts,omitempty"`
	Progress   *progress.Snapshot `json:"progress,omitempty"`
	Checkpoint *Checkpoint        `json:"checkpoint,omitempty"`
	Message    string             `json:"message,omitempty"`
}

// Termination is the part of a status that outlives the pod.
func (s Status) Termination() Termination {
	return Termination{
		Attempt: s.Attempt, Phase: s.Phase, ExitCode: s.ExitCode, Signal: s.Signal,
		StartedAt: s.StartedAt, ExitedAt: s.ExitedAt, Restarts: s.Restarts,
		Progress: s.Progress, Checkpoint: s.Checkpoint, Message: s.Message,
	}
}

// Encode fits the message into MaxTerminationBytes: the message goes first,
// then the progress, the exit code never.
func (t Termination) Encode() ([]byte, error) {
	for {
		raw, err := json.Marshal(t)
		if err != nil {
			return nil, fmt.Errorf("encode termination message: %w", err)
		}
		switch {
		case len(raw) <= MaxTerminationBytes:
			return raw, nil
		case t.Message != "":
			t.Message = ""
		case t.Progress != nil:
			t.Progress = nil
		default:
			return nil, fmt.Errorf("termination message of %d bytes is longer than %d", len(raw), MaxTerminationBytes)
		}
	}
}

// ParseTermination reads a termination message; ok is false if a launcher did
// not write it. What follows the message may be the end of a longer one that it
// replaced.
func ParseTermination(message string) (t Termination, ok bool) {
	if err := json.NewDecoder(strings.NewReader(message)).Decode(&t); err != nil || t.Attempt < 1 || t.Phase == "" {
		return Termination{}, false
	}
	return t, true
}
