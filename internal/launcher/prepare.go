package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/trainyard/trainyard/internal/launcher/checkpoint"
	"github.com/trainyard/trainyard/internal/launcher/peer"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// visible is how long a commit of another machine may take to be seen on shared
// storage.
const visible = 2 * time.Second

// prepared is an attempt that can start, or never will.
type prepared struct {
	ctx                       context.Context // of the attempt
	err                       error           // it cannot be started
	attempt                   int32
	checkpointDir, resumeFrom string
	variables                 []variable
}

// prepare gets an attempt ready and returns when it can start. A checkpoint
// volume that is not as it should be is shown, not fatal: the child will meet it
// too and say more about it.
func (l *Launcher) prepare(ctx context.Context, in launchspec.Instruction) (prepared, error) {
	p := prepared{attempt: in.Attempt}
	if l.cfg.CheckpointRoot != "" {
		job := l.job()
		p.checkpointDir = job.Dir(in.Attempt)
		l.board.sayIn(in.Attempt, aboutCheckpoint, "waiting for the checkpoint volume") // seen where it hangs
		err := job.Make(in.Attempt)
		l.board.sayIn(in.Attempt, aboutCheckpoint, text(err))
		p.resumeFrom = l.resumePoint(ctx, job, in)
	}
	err := l.barrier(ctx, in.Attempt)
	if err == nil && l.mpi != nil {
		p.variables, err = l.prepareMPI(ctx, p)
	}
	return p, err
}

// prepareMPI lets the ranks reach each other by ssh.
func (l *Launcher) prepareMPI(ctx context.Context, p prepared) ([]variable, error) {
	l.board.waitIn(p.attempt)
	defer l.board.sayIn(p.attempt, aboutPeers, "")
	environ := l.cfg.childEnviron(l.cfg.attemptVariables(p))
	pairs, err := l.mpi.Prepare(ctx, p.attempt, environ, func(err error) { l.board.sayIn(p.attempt, aboutPeers, err.Error()) })
	if err != nil {
		return nil, fmt.Errorf("prepare MPI: %w", err)
	}
	vars := make([]variable, 0, len(pairs))
	for _, pair := range pairs {
		vars = append(vars, variable{name: pair[0], value: pair[1]})
	}
	return vars, nil
}

// resumePoint is the absolute path of the checkpoint to resume from, or nothing
// if there is none.
func (l *Launcher) resumePoint(ctx context.Context, job checkpoint.Job, in launchspec.Instruction) string {
	if in.ResumeFrom == "" {
		return ""
	}
	path, err := l.findCheckpoint(ctx, job, in.ResumeFrom)
	if err != nil {
		l.board.sayIn(in.Attempt, aboutResume, fmt.Sprintf("starting without a checkpoint: %v", err))
		return ""
	}
	return path
}

func (l *Launcher) findCheckpoint(ctx context.Context, job checkpoint.Job, from string) (path string, err error) {
	ref, err := launchspec.ParseCheckpointRef(from)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, visible)
	defer cancel()
	var found error
	err = peer.Until(ctx, l.clock, func(error) {}, func(context.Context) error {
		path, found = job.Find(ref)
		if errors.Is(found, fs.ErrNotExist) {
			return found
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("%s is not there to resume from", from)
	}
	return path, found
}

// barrier waits until rank 0's launcher is in this attempt: until its name
// leads to it, and not to a pod of the past. If rank 0 is further, this attempt
// is over, and the instruction that says so is on its way.
func (l *Launcher) barrier(ctx context.Context, attempt int32) error {
	if l.cfg.Peers == "" || l.cfg.Rank == 0 {
		return nil
	}
	l.board.waitIn(attempt)
	defer l.board.sayIn(attempt, aboutPeers, "")
	report := func(err error) { l.board.sayIn(attempt, aboutPeers, "waiting for rank 0: "+err.Error()) }
	return peer.Until(ctx, l.clock, report, func(ctx context.Context) error {
		s, err := l.peers.Status(ctx, l.cfg.Peers)
		switch {
		case err != nil:
			return err
		case s.Rank != 0:
			return fmt.Errorf("%s is rank %d", l.cfg.Peers, s.Rank)
		case s.Attempt < attempt:
			return fmt.Errorf("it is in attempt %d, not yet in %d", s.Attempt, attempt)
		case s.Attempt > attempt:
			return fmt.Errorf("it is in attempt %d: %d is over", s.Attempt, attempt)
		}
		return nil
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
