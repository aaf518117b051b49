package nodewatch

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/trainyard/trainyard/internal/rankwatch"
	"github.com/trainyard/trainyard/pkg/lifecycle"
)

var start = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

type contacts map[string]rankwatch.NodeContact

func (c contacts) Nodes() map[string]rankwatch.NodeContact { return c }

// cluster is a Watcher with the nodes that it watches.
type cluster struct {
	*Watcher
	t        *testing.T
	client   client.WithWatch
	clock    *clocktesting.FakeClock
	contacts contacts
	changed  []string
}

func newCluster(t *testing.T, nodes ...string) *cluster {
	c := &cluster{t: t, clock: clocktesting.NewFakeClock(start), contacts: contacts{},
		client: fake.NewClientBuilder().WithScheme(clientgoscheme.Scheme).Build()}
	c.Watcher = New(c.client, c.contacts, c.clock, func(name string) { c.changed = append(c.changed, name) })
	for _, name := range nodes {
		c.join(name)
	}
	return c
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// join adds a node with a lease.
func (c *cluster) join(name string) {
	c.t.Helper()
	c.must(c.client.Create(context.Background(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	c.must(c.client.Create(context.Background(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: name},
		Spec:       coordinationv1.LeaseSpec{RenewTime: &metav1.MicroTime{Time: c.clock.Now()}},
	}))
}

// renew writes a time into leases: that of the nodes' own clocks.
func (c *cluster) renew(at time.Time, names ...string) {
	c.t.Helper()
	for _, name := range names {
		lease := &coordinationv1.Lease{}
		c.must(c.client.Get(context.Background(), client.ObjectKey{Namespace: corev1.NamespaceNodeLease, Name: name}, lease))
		lease.Spec.RenewTime = &metav1.MicroTime{Time: at}
		c.must(c.client.Update(context.Background(), lease))
	}
}

func (c *cluster) edit(name string, change func(*corev1.Node)) {
	c.t.Helper()
	n := &corev1.Node{}
	c.must(c.client.Get(context.Background(), client.ObjectKey{Name: name}, n))
	change(n)
	status := n.Status
	c.must(c.client.Update(context.Background(), n))
	n.Status = status
	c.must(c.client.Status().Update(context.Background(), n))
}

// condition sets the node's Ready condition.
func (c *cluster) condition(name string, status corev1.ConditionStatus, since time.Time) {
	c.edit(name, func(n *corev1.Node) {
		n.Status.Conditions = []corev1.NodeCondition{
			{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue},
			{Type: corev1.NodeReady, Status: status, LastTransitionTime: metav1.Time{Time: since}},
		}
	})
}

// look judges after some time, and returns of which nodes the user was told.
func (c *cluster) look(after time.Duration) []string {
	c.t.Helper()
	c.clock.Step(after)
	c.changed = nil
	c.must(c.Judge(context.Background()))
	slices.Sort(c.changed)
	return c.changed
}

func (c *cluster) want(name string, h lifecycle.Health) {
	c.t.Helper()
	if n := c.Node(name); n.Health != h {
		c.t.Errorf("at +%s node %s has health %d (%s), want %d", c.clock.Now().Sub(start), name, n.Health, n.Witness, h)
	}
}

func told(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}

func TestBeforeTheFirstLook(t *testing.T) {
	c := newCluster(t)
	c.want("n0", lifecycle.Alive)
	told(t, c.look(0))
	c.want("n0", lifecycle.Removed)
}

// TestLeaseAge: a lease is as old as the time for which it has not changed here.
func TestLeaseAge(t *testing.T) {
	for name, skew := range map[string]time.Duration{"clocks agree": 0, "the node's is ahead": time.Hour, "the node's is behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, "n0", "n1", "n2")
			c.renew(start.Add(skew), "n0")
			told(t, c.look(0))
			for i := range 5 {
				c.renew(start.Add(time.Duration(i+1)*10*time.Second+skew), "n0", "n1", "n2")
				told(t, c.look(10*time.Second))
			}
			c.renew(start.Add(time.Minute), "n1", "n2")
			told(t, c.look(lifecycle.LeaseLate-time.Second))
			c.want("n0", lifecycle.Alive)
			c.renew(start.Add(2*time.Minute), "n1", "n2")
			told(t, c.look(time.Second), "n0")
			c.want("n0", lifecycle.Suspect)
			if proven := c.Node("n0").Proven; !proven.Equal(start.Add(50 * time.Second)) {
				t.Errorf("its last sign of life was at %s", proven)
			}
			c.renew(start.Add(time.Hour+skew), "n0")
			told(t, c.look(time.Second), "n0")
			c.want("n0", lifecycle.Alive)
		})
	}
}

// TestAfterARestart: a lease that is seen for the first time counts from now,
// unless the control plane has missed its renewals before.
func TestAfterARestart(t *testing.T) {
	c := newCluster(t, "n0", "n1", "n2", "n3")
	c.condition("n1", corev1.ConditionUnknown, start.Add(-time.Minute))
	c.condition("n2", corev1.ConditionFalse, start.Add(-time.Minute))
	told(t, c.look(time.Second), "n1")
	c.want("n0", lifecycle.Alive)
	c.want("n1", lifecycle.Lost)
	c.want("n2", lifecycle.Alive)
}

func TestSecondWitness(t *testing.T) {
	c := newCluster(t, "n0", "n1", "n2", "n3", "n4")
	late := func() []string {
		c.renew(c.clock.Now().Add(time.Second), "n1", "n2", "n3", "n4")
		return c.look(lifecycle.LeaseLate)
	}
	c.contacts["n0"] = rankwatch.NodeContact{Last: start}
	c.look(0)
	told(t, late())
	c.want("n0", lifecycle.Alive)
	c.contacts["n0"] = rankwatch.NodeContact{Last: start, Silent: true}
	told(t, c.look(0), "n0")
	c.want("n0", lifecycle.Lost)
	delete(c.contacts, "n0")
	told(t, c.look(0), "n0")
	c.want("n0", lifecycle.Suspect)
	c.condition("n0", corev1.ConditionUnknown, c.clock.Now())
	told(t, c.look(0), "n0")
	c.want("n0", lifecycle.Lost)
}

func TestNodesComeAndGo(t *testing.T) {
	c := newCluster(t, "n0", "n1")
	c.look(0)
	c.must(c.client.Delete(context.Background(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n0"}}))
	told(t, c.look(time.Second), "n0")
	c.want("n0", lifecycle.Removed)
	c.join("n2")
	c.want("n2", lifecycle.Removed)
	told(t, c.look(time.Second), "n2")
	c.want("n2", lifecycle.Alive)
	c.edit("n1", func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeOutOfService}} })
	told(t, c.look(time.Second), "n1")
	c.want("n1", lifecycle.Removed)
}

// TestQuietControlPlane: when many fall silent at once, nobody is given up.
func TestQuietControlPlane(t *testing.T) {
	names := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"}
	c := newCluster(t, names...)
	for _, name := range names {
		c.contacts[name] = rankwatch.NodeContact{Last: start, Silent: true}
	}
	c.look(0)
	c.renew(start.Add(time.Second), names[3:]...)
	c.look(lifecycle.LeaseLate)
	c.want("n0", lifecycle.Suspect)
	c.renew(start.Add(2*time.Second), "n2")
	c.look(time.Second)
	c.want("n0", lifecycle.Lost)
}

// TestLongDeadNodesCastNoDoubt: nodes that have been out for long are no sign of
// the control plane's health.
func TestLongDeadNodesCastNoDoubt(t *testing.T) {
	c := newCluster(t, "n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9")
	for _, name := range []string{"n7", "n8", "n9"} {
		c.condition(name, corev1.ConditionUnknown, start.Add(-time.Hour))
	}
	c.contacts["n0"] = rankwatch.NodeContact{Last: start, Silent: true}
	c.look(0)
	c.renew(start.Add(time.Second), "n1", "n2", "n3", "n4", "n5", "n6")
	c.look(lifecycle.LeaseLate)
	c.want("n9", lifecycle.Lost)
	c.want("n0", lifecycle.Lost)
}

// TestReadErrors: what cannot be read changes nothing.
func TestReadErrors(t *testing.T) {
	c := newCluster(t, "n0")
	c.look(0)
	refuse := func(what client.ObjectList) {
		c.reader = interceptor.NewClient(c.client, interceptor.Funcs{
			List: func(ctx context.Context, inner client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if cmp.Equal(what, list) {
					return errors.New("refused")
				}
				return inner.List(ctx, list, opts...)
			},
		})
	}
	for _, what := range []client.ObjectList{&corev1.NodeList{}, &coordinationv1.LeaseList{}} {
		refuse(what)
		if err := c.Judge(context.Background()); err == nil {
			t.Errorf("%T: no error", what)
		}
		c.want("n0", lifecycle.Alive)
	}
}

// TestStart: a node that goes after the first look is missed at the next.
func TestStart(t *testing.T) {
	c := newCluster(t, "n0")
	looked, changed := make(chan struct{}, 2), make(chan string, 1)
	c.reader = interceptor.NewClient(c.client, interceptor.Funcs{
		List: func(ctx context.Context, inner client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			err := inner.List(ctx, list, opts...)
			if _, last := list.(*coordinationv1.LeaseList); last {
				looked <- struct{}{}
			}
			return err
		},
	})
	c.Watcher.changed = func(name string) { changed <- name }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	<-looked
	c.must(c.client.Delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n0"}}))
	c.clock.Step(every)
	if got := <-changed; got != "n0" {
		t.Errorf("told of %q, want n0", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
