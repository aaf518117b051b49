package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// API is what the publisher needs of the API server.
type API interface {
	// Get returns the node's NodeHardware, or an error that IsNotFound knows.
	Get(ctx context.Context) (*v1alpha1.NodeHardware, error)
	// Create makes it, empty.
	Create(ctx context.Context) error
	// ReplaceStatus writes its status and returns how many bytes that took.
	ReplaceStatus(ctx context.Context, status *v1alpha1.NodeHardwareStatus) (int, error)
}

// MinHeartbeat is the shortest heartbeat: with thousands of nodes, more often
// would be a load and tell nothing.
const MinHeartbeat = 5 * time.Minute

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	// quietBetween is the shortest time between two writes that bring no worse
	// verdict, so that a flapping sensor costs little.
	quietBetween = 10 * time.Second
	// urgentAMinute is how many writes a minute may skip that wait because a
	// verdict became worse.
	urgentAMinute = 30
)

// Publisher writes a node's status: when something changed, and as a heartbeat.
// It keeps the latest status only, however long the API server is away.
type Publisher struct {
	API       API
	Clock     clock.Clock
	Heartbeat time.Duration
	Log       logr.Logger
	// Wrote is told of every write; it may be nil.
	Wrote func(bytes int, took time.Duration, err error)

	mu       sync.Mutex
	latest   *v1alpha1.NodeHardwareStatus
	urgent   bool
	wake     chan struct{}
	boot     string
	sequence int64
	wrote    time.Time
	// severities are those last written, by device; "" is the whole node.
	severities map[string]v1alpha1.HardwareSeverity
	skipped    []time.Time
}

// NewPublisher makes a publisher. A heartbeat below the minimum becomes it.
func NewPublisher(api API, c clock.Clock, heartbeat time.Duration, log logr.Logger) *Publisher {
	return &Publisher{API: api, Clock: c, Heartbeat: max(heartbeat, MinHeartbeat), Log: log, wake: make(chan struct{}, 1)}
}

// Offer gives the publisher the latest status and says whether it brings news.
// It never waits.
func (p *Publisher) Offer(status v1alpha1.NodeHardwareStatus, news bool) {
	p.mu.Lock()
	p.latest = &status
	p.urgent = p.urgent || news
	urgent := p.urgent
	p.mu.Unlock()
	if urgent {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// Continue takes the sequence up where an earlier life of the agent left it. It
// must not be called while Run runs.
func (p *Publisher) Continue(status *v1alpha1.NodeHardwareStatus) {
	p.boot, p.sequence = status.BootID, status.Sequence
}

// Run publishes until the context ends.
func (p *Publisher) Run(ctx context.Context) {
	retry := time.Duration(0)
	for ctx.Err() == nil {
		if !p.wait(ctx, retry) {
			return
		}
		if err := p.publish(ctx); err != nil {
			retry = min(max(2*retry, firstRetry), lastRetry)
			if errors.Is(err, errAgain) {
				p.Log.Info("Publishing once more", "because", err.Error())
				continue
			}
			p.Log.Error(err, "Could not publish the node's hardware; trying again", "after", retry.String())
			continue
		}
		retry = 0
	}
}

// wait returns when there is something to write: news, a heartbeat, or a retry.
func (p *Publisher) wait(ctx context.Context, retry time.Duration) bool {
	wake, delay := p.wake, p.untilHeartbeat()
	if retry > 0 {
		wake, delay = nil, jitter(retry)
	}
	timer := p.Clock.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	case <-wake:
		return p.settle(ctx)
	}
}

// settle holds news back that follow the last write too closely, unless they
// are worse, or worse news come meanwhile.
func (p *Publisher) settle(ctx context.Context) bool {
	for {
		left := quietBetween - p.Clock.Since(p.wrote)
		if left <= 0 || p.isWorse() && p.maySkip() {
			return true
		}
		timer := p.Clock.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C():
		case <-p.wake:
			timer.Stop()
		}
	}
}

func (p *Publisher) isWorse() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest != nil && worsened(p.severities, severitiesOf(p.latest))
}

// maySkip counts a write that does not wait, if there may be one more.
func (p *Publisher) maySkip() bool {
	now := p.Clock.Now()
	p.skipped = slices.DeleteFunc(p.skipped, func(t time.Time) bool { return now.Sub(t) > time.Minute })
	if len(p.skipped) >= urgentAMinute {
		return false
	}
	p.skipped = append(p.skipped, now)
	return true
}

func severitiesOf(status *v1alpha1.NodeHardwareStatus) map[string]v1alpha1.HardwareSeverity {
	out := map[string]v1alpha1.HardwareSeverity{}
	if status.Summary != nil {
		out[""] = status.Summary.Severity
	}
	for i := range status.Devices {
		out[status.Devices[i].UUID] = status.Devices[i].Severity
	}
	return out
}

// worsened says whether anything is worse than what was written.
func worsened(before, after map[string]v1alpha1.HardwareSeverity) bool {
	for name, severity := range after {
		if rank(severity) > rank(before[name]) {
			return true
		}
	}
	return false
}

func rank(s v1alpha1.HardwareSeverity) int { return hardware.Severity(s).Rank() }

// untilHeartbeat spreads the heartbeats of a fleet over a tenth of their period.
func (p *Publisher) untilHeartbeat() time.Duration {
	if p.wrote.IsZero() {
		return jitter(firstRetry)
	}
	return max(jitter(p.Heartbeat)-p.Clock.Since(p.wrote), 0)
}

func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/10+1)) //nolint:gosec // spreads load, keeps no secret
}

// publish writes the latest status.
func (p *Publisher) publish(ctx context.Context) error {
	p.mu.Lock()
	status, urgent := p.latest, p.urgent
	p.urgent = false
	p.mu.Unlock()
	if status == nil {
		return nil
	}
	err := p.write(ctx, status)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urgent = p.urgent || err != nil && urgent
	if err == nil {
		p.wrote = p.Clock.Now()
		p.severities = severitiesOf(status)
	}
	return err
}

func (p *Publisher) write(ctx context.Context, status *v1alpha1.NodeHardwareStatus) error {
	if status.BootID != p.boot {
		p.boot, p.sequence = status.BootID, 0
	}
	out := status.DeepCopy()
	out.Sequence = p.sequence + 1
	Shrink(out, v1alpha1.MaxNodeHardwareBytes)
	begin := p.Clock.Now()
	bytes, err := p.API.ReplaceStatus(ctx, out)
	if p.Wrote != nil {
		p.Wrote(bytes, p.Clock.Since(begin), err)
	}
	switch {
	case err == nil:
		p.sequence = out.Sequence
		return nil
	case apierrors.IsNotFound(err):
		return p.create(ctx)
	case apierrors.IsInvalid(err):
		return p.catchUp(ctx, err)
	}
	return fmt.Errorf("write status: %w", err)
}

// errAgain asks for another try, now that the reason for the failure is gone.
var errAgain = errors.New("the object was not as expected")

func (p *Publisher) create(ctx context.Context) error {
	if err := p.API.Create(ctx); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create NodeHardware: %w", err)
	}
	p.sequence = 0
	return fmt.Errorf("%w: it was missing and is made anew", errAgain)
}

// catchUp takes the sequence of a report that somebody else, or an earlier life
// of this agent, made in this boot.
func (p *Publisher) catchUp(ctx context.Context, cause error) error {
	current, err := p.API.Get(ctx)
	if err != nil {
		return fmt.Errorf("read NodeHardware: %w", errors.Join(err, cause))
	}
	if current.Status.BootID != p.boot || current.Status.Sequence <= p.sequence {
		return fmt.Errorf("write status: %w", cause)
	}
	p.sequence = current.Status.Sequence
	return fmt.Errorf("%w: %w", errAgain, cause)
}
