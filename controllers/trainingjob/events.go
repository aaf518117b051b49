package trainingjob

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/trainyard/trainyard/internal/jobindex"
)

// A look at a job goes through all of its pods. While they start, the changes of
// eachLook times as long as the last look took are seen in one: a gang of
// thousands then costs a tenth of a processor, and one of eight is looked at at
// once.
const (
	eachLook = 10
	maxLook  = 250 * time.Millisecond
)

type requests = workqueue.TypedRateLimitingInterface[reconcile.Request]

// podEvents has a job looked at when its pods change.
func (r *Reconciler) podEvents() handler.EventHandler {
	look := func(pod client.Object, q requests) {
		if owner := jobindex.Job(pod); owner != nil {
			key := types.NamespacedName{Namespace: pod.GetNamespace(), Name: owner.Name}
			q.AddAfter(reconcile.Request{NamespacedName: key}, r.paces.spacing(key))
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q requests) { look(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q requests) { look(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q requests) { look(e.Object, q) },
	}
}

// looked takes note of what a look at a job took.
func (p *paces) looked(key types.NamespacedName, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pace := p.jobs[key]; pace != nil {
		pace.look = took
	}
}

// spacing is for how long the changes of a job's pods are collected.
func (p *paces) spacing(key types.NamespacedName) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	pace := p.jobs[key]
	if pace == nil || pace.look < time.Millisecond {
		return 0
	}
	return min(eachLook*pace.look, maxLook)
}
