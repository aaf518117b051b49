package launcher

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/launcher/lifecycle"
	"github.com/trainyard/trainyard/internal/launcher/mpi"
	"github.com/trainyard/trainyard/internal/launcher/peer"
	"github.com/trainyard/trainyard/internal/launcher/proc"
	"github.com/trainyard/trainyard/internal/launcher/server"
	"github.com/trainyard/trainyard/pkg/launchspec"
	"github.com/trainyard/trainyard/pkg/progress"
)

// maxConnections bounds who is answered at once.
const maxConnections = 256

// Launcher is one launcher's life, from its start to its exit code.
type Launcher struct {
	cfg    Config
	clock  clock.WithTicker
	parser *progress.Parser
	board  *board
	peers  *peer.Client
	table  *proc.Table
	mpi    *mpi.Setup // nil unless the job is one of MPI

	machine *lifecycle.Machine
	next    prepared // what Start starts
	child   *proc.Child
	starts  int
	// endAttempt ends what belongs to one attempt.
	endAttempt context.CancelFunc
	// left and reason are what was last left in the termination message and
	// noted in the log.
	left    launchspec.Phase
	reason  string
	leaving sync.Mutex

	signals      chan os.Signal
	instructions chan launchspec.Instruction
	ready        chan prepared
	exits        chan proc.Exit
	contacts     chan struct{}
	superseded   chan int32
}

// New checks what can be checked before anything runs.
func New(cfg Config, c clock.WithTicker) (*Launcher, error) {
	parser, err := progress.NewParser(cfg.Rules)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", launchspec.EnvLogRules, err)
	}
	b := newBoard(&cfg, c)
	l := &Launcher{
		cfg: cfg, clock: c, parser: parser, board: b,
		peers:        peer.New(cfg.UID, cfg.Rank, b.attempt),
		endAttempt:   func() {},
		signals:      make(chan os.Signal, 16),
		instructions: make(chan launchspec.Instruction),
		ready:        make(chan prepared),
		exits:        make(chan proc.Exit, 1),
		contacts:     make(chan struct{}, 1),
		superseded:   make(chan int32),
	}
	if cfg.Framework == launchspec.FrameworkMPI {
		err = l.makeKey()
	}
	return l, err
}

func (l *Launcher) makeKey() (err error) {
	l.mpi, err = mpi.New(mpi.Config{
		RuntimeDir: l.cfg.RuntimeDir, Rank: l.cfg.Rank, Zero: l.cfg.Peers,
		Port: l.cfg.Port, SSHPort: l.cfg.SSHPort, Hosts: l.cfg.MPIHosts,
	}, l.peers, l.clock)
	if err == nil {
		l.board.key = &launchspec.Key{JobUID: l.cfg.UID, Rank: l.cfg.Rank, PublicKey: l.mpi.PublicKey()}
	}
	return err
}

// forwarded are the signals that the child's process group gets too.
var forwarded = []os.Signal{
	syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT,
}

// Run lives until there is an exit code. An error means that the launcher could
// not even begin.
func (l *Launcher) Run(ctx context.Context) (code int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A write to a closed log must fail, not kill: SIGPIPE is taken and dropped.
	// Ignoring it instead would have the child ignore it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	for _, s := range forwarded {
		// What the container ignores, the child is to ignore as well.
		if !signal.Ignored(s) {
			signal.Notify(l.signals, s)
		}
	}
	defer signal.Stop(l.signals)
	l.table = proc.New(ctx, l.clock)
	if err := l.serve(ctx); err != nil {
		return 0, err
	}
	first := l.cfg.First
	if l.cfg.InstructionFile != "" {
		in, raw, ok, err := readInstruction(l.cfg.InstructionFile)
		l.board.say(aboutInstruction, text(err))
		if ok && in.Attempt > first.Attempt {
			first = in
		}
		go l.watchInstruction(ctx, raw)
	}
	if l.cfg.Peers != "" && l.cfg.Rank != 0 {
		go l.askRankZero(ctx)
	}
	l.machine = lifecycle.New(l.cfg.Policy, first)
	return l.loop(ctx), nil
}

// serve answers from now on.
func (l *Launcher) serve(ctx context.Context) error {
	address := ":" + strconv.Itoa(l.cfg.Port)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve the status on port %d, does another process of the pod use it: %w", l.cfg.Port, err)
	}
	s := server.New(l.board, l.heard)
	context.AfterFunc(ctx, func() { _ = s.Close() }) // the process ends
	go func() { _ = s.Serve(server.Limit(listener, maxConnections)) }()
	return nil
}

// loop takes one event after the other until there is an exit code.
func (l *Launcher) loop(ctx context.Context) int {
	todo := l.machine.Begin()
	for {
		l.do(ctx, todo)
		l.publish(todo)
		if todo.Do == lifecycle.Exit {
			return todo.Code
		}
		todo = l.wait()
	}
}

// wait waits for the next event and has the machine decide.
func (l *Launcher) wait() lifecycle.Todo {
	var alarm <-chan time.Time
	if at, ok := l.machine.Next(); ok {
		timer := l.clock.NewTimer(at.Sub(l.clock.Now()))
		defer timer.Stop()
		alarm = timer.C()
	}
	select {
	case sig := <-l.signals:
		return l.machine.Signal(sig.(syscall.Signal))
	case in := <-l.instructions:
		return l.machine.Instruct(in, l.clock.Now())
	case p := <-l.ready:
		if p.ctx.Err() == nil { // else it was given up while it was on its way
			l.next = p
			return l.machine.Prepared(l.clock.Now())
		}
	case exit := <-l.exits:
		l.board.exited(exit.Code, int(exit.Signal))
		return l.machine.Exited(exit.Code, l.clock.Now())
	case attempt := <-l.superseded:
		return l.machine.Superseded(attempt, l.clock.Now())
	case <-l.contacts:
		l.machine.Contact(l.clock.Now())
	case <-alarm:
		if len(l.contacts) == 0 { // else it is noted next, and moves the alarm
			return l.machine.Tick(l.clock.Now())
		}
	}
	return lifecycle.Todo{}
}
