package scheduling

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/render"
	"github.com/trainyard/trainyard/internal/slim"
)

// errRejected says that a job's pods cannot be created as its spec has them.
var errRejected = errors.New("the job's pods cannot be created")

// shapeCache holds what the API server makes of each set's pod: limit ranges,
// webhooks and runtime classes change what a pod asks for. Each set is sent
// once as a dry run.
type shapeCache struct {
	client  client.Client
	options render.Options

	mu    sync.Mutex
	known map[types.UID]shapesOf
	// failing is since when the API server could not say what it makes of a
	// job's pods.
	failing map[types.UID]time.Time
}

type shapesOf struct {
	generation int64
	specs      []*corev1.PodSpec
}

func newShapeCache(c client.Client, options render.Options) *shapeCache {
	return &shapeCache{client: c, options: options, known: map[types.UID]shapesOf{}, failing: map[types.UID]time.Time{}}
}

func (c *shapeCache) forget(job types.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, job)
	delete(c.failing, job)
}

// failingFor takes note that asking about a job's pods failed, and returns for
// how long it has.
func (c *shapeCache) failingFor(job types.UID, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.failing[job]; !known {
		c.failing[job] = now
	}
	return now.Sub(c.failing[job])
}

// cached returns what is known of a job's pods, if that is still about its spec.
func (c *shapeCache) cached(job *v1alpha1.TrainingJob) []*corev1.PodSpec {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.known[job.UID]; k.generation == job.Generation {
		return k.specs
	}
	return nil
}

// ask returns a job's pods as the API server would store them. A refusal is
// errRejected.
func (c *shapeCache) ask(ctx context.Context, job *v1alpha1.TrainingJob) ([]*corev1.PodSpec, error) {
	if specs := c.cached(job); specs != nil {
		return specs, nil
	}
	specs, err := c.shapes(job, func(pod *corev1.Pod) error {
		// Nothing is stored, so no reader of the cache has to wait for it.
		return c.client.Create(ctx, pod, client.DryRunAll, client.DisableReadYourWritesConsistency)
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[job.UID] = shapesOf{generation: job.Generation, specs: specs}
	delete(c.failing, job.UID)
	return specs, nil
}

// rendered returns a job's pods as they are sent, for a job that has its place
// already: what it really uses is seen from its pods.
func (c *shapeCache) rendered(job *v1alpha1.TrainingJob) ([]*corev1.PodSpec, error) {
	if specs := c.cached(job); specs != nil {
		return specs, nil
	}
	return c.shapes(job, func(*corev1.Pod) error { return nil })
}

func (c *shapeCache) shapes(job *v1alpha1.TrainingJob, send func(*corev1.Pod) error) ([]*corev1.PodSpec, error) {
	renderer, err := render.New(job, c.options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRejected, err)
	}
	specs := make([]*corev1.PodSpec, len(job.Spec.ReplicaSpecs))
	for set := range specs {
		pod, err := renderer.Shape(set)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errRejected, err)
		}
		if err := send(pod); err != nil {
			name := job.Spec.ReplicaSpecs[set].Name
			if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
				return nil, fmt.Errorf("%w: the API server refuses set %s: %w", errRejected, name, err)
			}
			return nil, fmt.Errorf("asking what a pod of set %s would be: %w", name, err)
		}
		specs[set] = slim.Shape(&pod.Spec)
	}
	return specs, nil
}
