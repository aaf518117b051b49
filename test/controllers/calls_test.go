package controllers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// errCut is what a call gets whose answer, or whose request, is lost.
var errCut = errors.New("connection lost")

// damage is what happens to one call.
type damage int

const (
	none        damage = iota
	refused            // it fails before it took effect
	lost               // it takes effect, and its answer is lost
	diesFirst          // the manager dies before it
	diesAfter          // the manager dies after it, before it sees the answer
	late               // the manager dies, and the call takes effect long after
	interrupted        // somebody else acts between it and the next
)

var damages = map[damage]string{refused: "fails", lost: "loses its answer", diesFirst: "is not reached", diesAfter: "is the last", late: "arrives late"}

// calls counts what the manager asks the API server to change, and damages one
// of these calls. A call is known by what it does and how often it was done:
// "create Pod/job-worker-0-1 #1"; the order of calls that run side by side does
// not matter then.
type calls struct {
	mu   sync.Mutex
	log  []string
	seen map[string]int
	// done counts the changes that were made.
	done int
	// victim is the call to damage.
	victim string
	damage damage
	// dead says that the manager has died, until it is started again.
	dead bool
	// struck says that the damage was done.
	struck bool
	// underway is a call that takes effect later.
	underway func() error
	// interrupt is what somebody else does.
	interrupt func()
	// veto refuses calls as an admission plugin does.
	veto func(call string) error
}

// do makes one call.
func (c *calls) do(what string, call func() error) error {
	d, err := c.judge(what)
	if err != nil {
		return err
	}
	switch d {
	case refused, diesFirst:
		return fmt.Errorf("%s: %w", what, errCut)
	case late:
		c.underway = call
		return fmt.Errorf("%s: %w", what, errCut)
	case lost, diesAfter:
		_ = call()
		return fmt.Errorf("%s: %w", what, errCut)
	default:
		err := call()
		if d == interrupted {
			c.interrupt()
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err == nil && !strings.HasPrefix(what, "get ") {
			c.done++
		}
		return err
	}
}

// judge logs a call and says what happens to it.
func (c *calls) judge(what string) (damage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return none, fmt.Errorf("%s by a manager that has died: %w", what, errCut)
	}
	c.seen[what]++
	name := fmt.Sprintf("%s #%d", what, c.seen[what])
	c.log = append(c.log, name)
	if name == c.victim && c.damage != none {
		c.struck = true
		c.dead = c.damage == diesFirst || c.damage == diesAfter || c.damage == late
		return c.damage, nil
	}
	if c.veto != nil {
		return none, c.veto(what)
	}
	return none, nil
}

// count is the number of calls that begin so.
func (c *calls) count(prefix string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, call := range c.log {
		if strings.HasPrefix(call, prefix) {
			n++
		}
	}
	return n
}

func kindOf(obj client.Object) string {
	gvk, err := admin.GroupVersionKindFor(obj)
	if err != nil {
		panic(err)
	}
	return gvk.Kind
}

func nameOf(verb string, obj client.Object) string {
	return fmt.Sprintf("%s %s/%s", verb, kindOf(obj), obj.GetName())
}

// applied names an apply by what is applied and by whom.
func applied(verb string, obj runtime.ApplyConfiguration, owner string) string {
	o := readApplied(obj)
	return fmt.Sprintf("%s %s/%s by %s", verb, o.Kind, o.Metadata.Name, owner)
}

// client is the manager's: it reads without fail, as from a cache, and sees one
// namespace, as the stories go on side by side.
func (c *calls) client(r *reads) client.WithWatch {
	return interceptor.NewClient(manager, interceptor.Funcs{
		Get: r.Get, List: r.List,
		Create: func(ctx context.Context, inner client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			o := (&client.CreateOptions{}).ApplyOptions(opts)
			verb := "create"
			if len(o.DryRun) > 0 {
				verb = "try"
			}
			return c.do(nameOf(verb, obj), own(r, obj, func() error { return inner.Create(ctx, obj, opts...) }))
		},
		Delete: func(ctx context.Context, inner client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			verb := "delete"
			if o := (&client.DeleteOptions{}).ApplyOptions(opts); o.GracePeriodSeconds != nil && *o.GracePeriodSeconds == 0 {
				verb = "force"
			}
			return c.do(nameOf(verb, obj), own(r, obj, func() error { return inner.Delete(ctx, obj, opts...) }))
		},
		DeleteAllOf: func(ctx context.Context, inner client.WithWatch, obj client.Object, opts ...client.DeleteAllOfOption) error {
			return c.do("delete all "+kindOf(obj), func() error { return inner.DeleteAllOf(ctx, obj, opts...) })
		},
		Patch: func(ctx context.Context, inner client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return c.do(nameOf("patch", obj), own(r, obj, func() error { return inner.Patch(ctx, obj, patch, opts...) }))
		},
		Apply: func(ctx context.Context, inner client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			owner := (&client.ApplyOptions{}).ApplyOptions(opts).FieldManager
			return c.do(applied("apply", obj, owner), ownApply(r, obj, func() error { return inner.Apply(ctx, obj, opts...) }))
		},
		SubResourceApply: func(ctx context.Context, inner client.Client, sub string, obj runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			owner := (&client.SubResourceApplyOptions{}).ApplyOpts(opts).FieldManager
			return c.do(applied(sub, obj, owner), ownApply(r, obj, func() error { return inner.SubResource(sub).Apply(ctx, obj, opts...) }))
		},
	})
}

// own is a write that the writer's cache shows when it returns.
func own(r *reads, obj client.Object, write func() error) func() error {
	return func() error {
		err := write()
		if err == nil {
			r.catchUp(reflect.TypeOf(obj))
		}
		return err
	}
}

func ownApply(r *reads, obj runtime.ApplyConfiguration, write func() error) func() error {
	return func() error {
		err := write()
		if err == nil {
			kind, _ := identify(obj)
			r.catchUp(kind)
		}
		return err
	}
}

// live is the manager's client past its cache: its reads are calls too.
func (c *calls) live(r *reads) client.WithWatch {
	return interceptor.NewClient(c.client(r), interceptor.Funcs{
		Get: func(ctx context.Context, _ client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			return c.do(fmt.Sprintf("get %s/%s", kindOf(obj), key.Name), func() error { return manager.Get(ctx, key, obj, opts...) })
		},
	})
}
