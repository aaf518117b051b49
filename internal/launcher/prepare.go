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

// prepared is an attempt that can start.
type prepared struct {
	ctx                       context.Context // of the attempt
	attempt                   int32
	checkpointDir, resumeFrom string
	variables                 []variable
}

// prepare gets an attempt ready and returns when it can start, or with an error
// when the context has ended. What goes wrong on the way is shown, not fatal:
// the child will meet it too and say more about it.
func (l *Launcher) prepare(ctx context.Context, in launchspec.Instruction) (prepared, error) {
	p := prepared{attempt: in.Attempt}
	if l.cfg.CheckpointRoot != "" {
		job := l.job()
		p.checkpointDir = job.Dir(in.Attempt)
		l.board.say(aboutCheckpoint, "waiting for the checkpoint volume") // seen where it hangs
		err := job.Make(in.Attempt)
		l.board.say(aboutCheckpoint, text(err))
		p.resumeFrom = l.resumePoint(ctx, job, in.ResumeFrom)
	}
	if err := l.barrier(ctx, in.Attempt); err != nil {
		return p, err
	}
	return p, nil
}

// resumePoint is the absolute path of the checkpoint to resume from, or nothing
// if there is none.
func (l *Launcher) resumePoint(ctx context.Context, job checkpoint.Job, from string) string {
	if from == "" {
		return ""
	}
	ref, err := launchspec.ParseCheckpointRef(from)
	if err != nil {
		l.board.say(aboutResume, err.Error())
		return ""
	}
	deadline, cancel := context.WithTimeout(ctx, visible)
	defer cancel()
	var path string
	err = peer.Until(deadline, l.clock, func(error) {}, func(context.Context) error {
		found, err := job.Find(ref)
		path = found
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil {
			l.board.say(aboutResume, err.Error())
			path = ""
		}
		return nil
	})
	if err != nil {
		l.board.say(aboutResume, fmt.Sprintf("checkpoint %s is not there to resume from: starting without", from))
		return ""
	}
	return path
}

// barrier waits until rank 0's launcher is in this attempt: until its name
// leads to it, and not to a pod of the past.
func (l *Launcher) barrier(ctx context.Context, attempt int32) error {
	if l.cfg.Peers == "" || l.cfg.Rank == 0 {
		return nil
	}
	l.board.show(launchspec.PhaseWaitingForPeers)
	defer l.board.say(aboutPeers, "")
	report := func(err error) { l.board.say(aboutPeers, "waiting for rank 0: "+err.Error()) }
	return peer.Until(ctx, l.clock, report, func(ctx context.Context) error {
		s, err := l.peers.Status(ctx, l.cfg.Peers)
		switch {
		case err != nil:
			return err
		case s.Rank != 0:
			return fmt.Errorf("%s is rank %d", l.cfg.Peers, s.Rank)
		case s.Attempt < attempt:
			return fmt.Errorf("it is in attempt %d, not yet in %d", s.Attempt, attempt)
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
