package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/internal/launcher/checkpoint"
	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/internal/launcher/output"
	"github.com/trainyard/trainyard/internal/launcher/proc"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// lastLook is how long a volume may take to show the last commit of a child
// that has ended.
const lastLook = time.Second

// sweepTime is how long killing may take before it is remarkable.
const sweepTime = 5 * time.Second

// do carries out what the machine decided.
func (l *Launcher) do(ctx context.Context, todo lifecycle.Todo) {
	switch todo.Do {
	case lifecycle.Prepare:
		l.endAttempt()
		ctx, l.endAttempt = context.WithCancel(ctx)
		in := l.machine.Current()
		l.board.begin(in.Attempt)
		go func() {
			p, err := l.prepare(ctx, in)
			p.ctx, p.err = ctx, err
			if ctx.Err() != nil {
				return // given up
			}
			select {
			case l.ready <- p:
			case <-ctx.Done():
			}
		}()
	case lifecycle.Start:
		l.start(ctx, l.next)
	case lifecycle.Forward:
		if l.child != nil { // else it could not be started, and that is known soon
			l.child.Signal(todo.Signal)
		}
	}
}

// start starts the child of a prepared attempt. That it cannot be started is an
// exit like any other, with a shell's exit codes.
func (l *Launcher) start(ctx context.Context, p prepared) {
	child, streams, err := l.spawn(p)
	l.child = child
	if err != nil {
		l.board.say(aboutStart, err.Error())
		note(err.Error())
		l.exits <- proc.Exit{Code: startCode(p, err)}
		return
	}
	if l.starts > 0 {
		note(fmt.Sprintf("attempt %d begins in place", p.attempt))
	}
	l.board.started(l.starts > 0)
	l.starts++
	if l.cfg.CheckpointRoot != "" {
		go l.job().Watch(p.ctx, l.clock, p.attempt, l.committed)
	}
	go func() {
		exit := <-child.Done()
		l.sweep(ctx, p.attempt, l.table.KillAll)
		for _, s := range streams {
			s.Finish(l.clock)
		}
		l.lastCommit(p.attempt)
		l.exits <- exit
	}()
}

// sweep kills what the child left behind. There is no next attempt beside it: if
// it cannot be killed, as in a system call on a dead volume, that is waited for,
// and said.
func (l *Launcher) sweep(ctx context.Context, attempt int32, kill func(context.Context) error) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = kill(ctx) // fails only when the launcher ends
	}()
	select {
	case <-gone:
		return
	case <-l.clock.After(sweepTime):
	}
	l.board.sayIn(attempt, aboutLeft, "waiting for processes that cannot be killed, does a volume hang")
	<-gone
	l.board.sayIn(attempt, aboutLeft, "")
}

func startCode(p prepared, err error) int {
	if p.err != nil {
		return launchspec.ExitLauncher
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return launchspec.ExitNotFound
	}
	return launchspec.ExitCannotRun
}

// spawn starts the command with both outputs connected.
func (l *Launcher) spawn(p prepared) (*proc.Child, []*output.Stream, error) {
	if p.err != nil {
		return nil, nil, p.err
	}
	vars := l.cfg.attemptVariables(p)
	command := proc.Command{Args: l.cfg.childArgs(vars), Env: l.cfg.childEnviron(vars)}
	var streams []*output.Stream
	for _, out := range []struct {
		to    *os.File
		child **os.File
	}{{os.Stdout, &command.Stdout}, {os.Stderr, &command.Stderr}} {
		scan := progress.NewScanner(l.parser.Fresh(), l.board.progress)
		stream, child, err := output.Open(out.to, scan, func(err error) {
			l.board.say(aboutOutput, "output is being dropped, nobody takes it: "+err.Error())
		})
		if err != nil {
			return nil, nil, fmt.Errorf("connect the output: %w", err)
		}
		defer child.Close()
		*out.child = child
		streams = append(streams, stream)
	}
	child, err := l.table.Start(command)
	return child, streams, err
}

func (l *Launcher) job() checkpoint.Job {
	return checkpoint.JobIn(l.cfg.CheckpointRoot, l.cfg.Job, l.cfg.UID)
}

func (l *Launcher) committed(c launchspec.Checkpoint) {
	l.board.checkpoint(c)
	l.leave()
}

// lastCommit looks for what the child committed just before it ended.
func (l *Launcher) lastCommit(attempt int32) {
	if l.cfg.CheckpointRoot == "" {
		return
	}
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		if c, ok, err := l.job().Newest(attempt); ok && err == nil {
			l.board.checkpoint(c)
		}
	}()
	select {
	case <-looked:
	case <-l.clock.After(lastLook):
	}
}

// note writes a line of the launcher's own into the container's log. It is for
// the few events that whoever reads the log could not explain otherwise.
func note(text string) {
	if text != "" {
		fmt.Fprintln(os.Stderr, "launcher:", text)
	}
}

// publish shows where the machine stands, and leaves it in the termination
// message whenever that would tell something new: a launcher that is killed
// outright has no time to.
func (l *Launcher) publish(todo lifecycle.Todo) {
	if reason := l.machine.Reason(); reason != l.reason {
		l.reason = reason
		l.board.say(aboutChild, reason)
		note(reason)
	}
	if phase := l.machine.Phase(); phase != launchspec.PhaseStarting {
		l.board.show(phase)
	}
	ends := todo.Do == lifecycle.Forward && todo.Signal == syscall.SIGTERM
	if ends || todo.Do == lifecycle.Exit || l.machine.Phase() != l.left {
		l.left = l.machine.Phase()
		l.leave()
	}
}

// leave writes the termination message. Kubernetes makes its file; where there
// is none, nobody would read it.
func (l *Launcher) leave() {
	l.leaving.Lock()
	defer l.leaving.Unlock()
	raw, err := l.board.Status().Termination().Encode()
	if err != nil {
		return
	}
	f, err := os.OpenFile(l.cfg.TerminationPath, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	// Written over and then cut, it is whole at any moment to be killed in. The
	// status was served, and this is its copy: errors change nothing.
	n, _ := f.WriteAt(raw, 0)
	_ = f.Truncate(int64(n))
}
