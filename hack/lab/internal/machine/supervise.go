package machine

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
)

const (
	// again is how long an ended program rests before it is started again.
	again = time.Second
	// look is how often a program that waits for an address is looked at.
	look = 50 * time.Millisecond
	// patience is how long a program may take to end when asked to.
	patience = 5 * time.Second
)

// Supervise runs the machine described by the file specPath until it is told
// to end. It returns at once if the machine has a supervisor already.
func Supervise(specPath string) error {
	// A child is killed when the thread that started it ends; so all are
	// started by this one, which lasts.
	runtime.LockOSThread()
	spec, err := Load(specPath)
	if err != nil {
		return err
	}
	lock, err := lockfile.Try(filepath.Join(spec.Dir, "lock"))
	if errors.Is(err, lockfile.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGHUP, syscall.SIGTERM)
	if err := writePID(spec.Dir); err != nil {
		return err
	}
	if err := isolate(spec); err != nil {
		return err
	}
	s := &supervisor{spec: spec, out: log.New(os.Stderr, "", log.LstdFlags|log.Lmicroseconds)}
	s.adopt(spec.Programs)
	s.run(signals)
	return nil
}

// supervisor keeps programs running. One goroutine does everything.
type supervisor struct {
	spec     *Spec
	out      *log.Logger
	programs []*running
	reported string
}

// running is a program and what became of it.
type running struct {
	Program
	pid      int
	due      time.Time // when to start it, while it does not run
	deadline time.Time // when to kill it, once it was asked to end
	restarts int
	dropped  bool // no longer part of the machine
}

func (s *supervisor) run(signals <-chan os.Signal) {
	for {
		wait := s.advance(time.Now())
		s.report()
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-timer:
		case sig := <-signals:
			switch sig {
			case syscall.SIGCHLD:
				s.reap()
			case syscall.SIGHUP:
				s.reload()
			case syscall.SIGTERM:
				s.end(signals)
				return
			}
		}
	}
}

// advance starts what is due, kills what is overdue, and returns after how
// long there may be more to do; zero means only when something happens.
func (s *supervisor) advance(now time.Time) time.Duration {
	var wait time.Duration
	for _, p := range s.programs {
		switch {
		case p.pid == 0 && !now.Before(p.due) && reachable(p.After):
			s.start(p)
		case p.pid == 0:
			wait = look
		case !p.deadline.IsZero() && now.After(p.deadline):
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		case !p.deadline.IsZero():
			wait = look
		}
	}
	return wait
}

func (s *supervisor) start(p *running) {
	out, err := os.OpenFile(p.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		s.fail(p, err)
		return
	}
	defer func() { _ = out.Close() }()
	null, err := os.Open(os.DevNull)
	if err != nil {
		s.fail(p, err)
		return
	}
	defer func() { _ = null.Close() }()
	program, err := exec.LookPath(p.Args[0])
	if err != nil {
		s.fail(p, err)
		return
	}
	pid, err := syscall.ForkExec(program, p.Args, &syscall.ProcAttr{
		Dir:   s.spec.Dir,
		Env:   s.spec.Env,
		Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys:   childAttributes(),
	})
	if err != nil {
		s.fail(p, err)
		return
	}
	p.pid, p.deadline = pid, time.Time{}
	s.out.Printf("%s started", p.Name)
}

func (s *supervisor) fail(p *running, err error) {
	s.out.Printf("%s cannot be started: %v", p.Name, err)
	p.due = time.Now().Add(again)
	p.restarts++
}

// reap collects every child that ended: ours, and orphans, whose parent we
// have become.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			break
		}
		for _, p := range s.programs {
			if p.pid == pid {
				s.out.Printf("%s ended: %s", p.Name, describe(status))
				p.pid, p.deadline, p.due = 0, time.Time{}, time.Now().Add(again)
				p.restarts++
			}
		}
	}
	s.programs = slices.DeleteFunc(s.programs, func(p *running) bool { return p.dropped && p.pid == 0 })
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// reload takes up a changed spec: what changed is started anew, what is gone
// ends.
func (s *supervisor) reload() {
	spec, err := Load(s.spec.File())
	if err != nil {
		s.out.Printf("keep the old programs: %v", err)
		return
	}
	s.adopt(spec.Programs)
}

func (s *supervisor) adopt(programs []Program) {
	for _, old := range s.programs {
		i := slices.IndexFunc(programs, func(p Program) bool { return p.Name == old.Name })
		if i >= 0 && sameProcess(programs[i], old.Program) {
			continue
		}
		old.dropped = i < 0
		if i >= 0 {
			old.Program = programs[i]
		}
		s.ask(old)
	}
	for _, p := range programs {
		if !slices.ContainsFunc(s.programs, func(old *running) bool { return old.Name == p.Name }) {
			s.programs = append(s.programs, &running{Program: p})
		}
	}
	s.programs = slices.DeleteFunc(s.programs, func(p *running) bool { return p.dropped && p.pid == 0 })
}

func sameProcess(a, b Program) bool {
	return slices.Equal(a.Args, b.Args) && a.Digest == b.Digest && a.Log == b.Log
}

// ask asks a program to end.
func (s *supervisor) ask(p *running) {
	if p.pid != 0 {
		_ = syscall.Kill(p.pid, syscall.SIGTERM)
		p.deadline = time.Now().Add(patience)
	}
}

// end asks all programs to end and returns when they have.
func (s *supervisor) end(signals <-chan os.Signal) {
	for _, p := range s.programs {
		p.dropped = true
		s.ask(p)
	}
	s.reap()
	for len(s.programs) > 0 {
		s.advance(time.Now())
		select {
		case <-signals:
		case <-time.After(look):
		}
		s.reap()
	}
}
