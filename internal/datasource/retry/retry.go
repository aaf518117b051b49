// Package retry repeats a request that a network failed, a few times, with growing
// pauses. What a repetition cannot cure is not repeated.
package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/trainyard/trainyard/internal/datasource/guard"
)

// Attempts is how often a request is made at most.
const Attempts = 5

// permanent is an error that a repetition cannot cure.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error as one that a repetition cannot cure.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// Do calls attempt until it succeeds, fails for good, or has failed too often, and
// returns its last error. Pauses are 50 ms, doubled each time, and a little random.
func Do(ctx context.Context, attempt func() error) error {
	var last error
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: Attempts}
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(context.Context) (bool, error) {
		last = attempt()
		if last == nil {
			return true, nil
		}
		return false, givenUp(ctx, last)
	})
	switch {
	case err == nil:
		return nil
	case last == nil:
		return fmt.Errorf("given up: %w", context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("%w (%w)", context.Cause(ctx), last)
	}
	var final permanent
	if errors.As(last, &final) {
		return last
	}
	return fmt.Errorf("failed %d times: %w", Attempts, last)
}

// givenUp is the error if it is not worth another attempt.
func givenUp(ctx context.Context, err error) error {
	var final permanent
	if errors.As(err, &final) || ctx.Err() != nil {
		return err
	}
	if _, denied := guard.Denied(err); denied {
		return err
	}
	return nil
}
