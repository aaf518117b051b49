package fencing

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/agent"
)

func report(sequence int64) *v1alpha1.NodeHardwareStatus {
	now := metav1.Now()
	return &v1alpha1.NodeHardwareStatus{
		Mode: v1alpha1.ModeCPU, BootID: "boot-1", Sequence: sequence, HeartbeatTime: &now,
		Summary: &v1alpha1.HardwareSummary{Severity: v1alpha1.SeverityHealthy, Action: "None"},
	}
}

func (p *agentPod) api(t *testing.T, node string) *agent.KubeAPI {
	t.Helper()
	api, err := agent.NewKubeAPI(p.config, node)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// forbidden expects a refusal that says so.
func forbidden(t *testing.T, what string, err error, says string) {
	t.Helper()
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want it forbidden, saying %q", what, err, says)
	}
}

func TestAnAgentPublishes(t *testing.T) {
	p := newAgentPod(t, newNode(t, "publishes"))
	publisher := agent.NewPublisher(p.api(t, "publishes"), clock.RealClock{}, time.Minute, logr.Discard())
	publisher.Offer(*report(0), true)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		publisher.Run(ctx)
	}()
	defer func() {
		cancel()
		<-done
	}()
	nh := &v1alpha1.NodeHardware{}
	for deadline := time.Now().Add(30 * time.Second); nh.Status.Sequence == 0; <-time.After(20 * time.Millisecond) {
		if err := admin.Get(t.Context(), client.ObjectKey{Name: "publishes"}, nh); err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing was published: %+v", nh)
		}
	}
	if owner := nh.OwnerReferences; len(owner) != 1 || owner[0].UID != p.node.UID || nh.Status.BootID != "boot-1" {
		t.Errorf("published %+v", nh)
	}
}

func TestAnAgentIsFenced(t *testing.T) {
	mine, other := newAgentPod(t, newNode(t, "mine")), newNode(t, "other")
	ctx := t.Context()
	if err := mine.api(t, "mine").Create(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := mine.api(t, "mine").ReplaceStatus(ctx, report(1)); err != nil {
		t.Fatalf("its own status: %v", err)
	}
	neighbour := newAgentPod(t, other)
	if err := neighbour.api(t, "other").Create(ctx); err != nil {
		t.Fatal(err)
	}

	_, err := mine.api(t, "other").ReplaceStatus(ctx, report(1))
	forbidden(t, "another node's status", err, "the agent on node mine may not write NodeHardware other")
	newNode(t, "third")
	forbidden(t, "another node's object", mine.api(t, "third").Create(ctx), "an agent speaks for its own node only")

	nh := &v1alpha1.NodeHardware{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}
	quarantine := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"quarantine":{"reason":"I like it here"}}}`))
	forbidden(t, "its own quarantine", mine.client.Patch(ctx, nh, quarantine), "cannot patch resource")
	forbidden(t, "its own deletion", mine.client.Delete(ctx, nh), "cannot delete resource")

	// A status patch that carries a spec changes status only.
	smuggled := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"quarantine":{"reason":"smuggled"}},"metadata":{"labels":{"smuggled":"yes"}}}`))
	if err := mine.client.Status().Patch(ctx, nh, smuggled); err == nil {
		if err := admin.Get(ctx, client.ObjectKey{Name: "mine"}, nh); err != nil || nh.Spec.Quarantine != nil || nh.Labels["smuggled"] != "" {
			t.Errorf("a status patch changed spec or labels: %+v, %v", nh, err)
		}
	}

	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: mine.pod.Name, Namespace: namespace}}
	forbidden(t, "reading a pod", mine.client.Get(ctx, client.ObjectKeyFromObject(pod), pod), "cannot get resource")
	forbidden(t, "deleting a pod", mine.client.Delete(ctx, pod), "cannot delete resource")
	forbidden(t, "listing secrets", mine.client.List(ctx, &corev1.SecretList{}, client.InNamespace(namespace)), "cannot list resource")
	forbidden(t, "tainting its node", mine.client.Patch(ctx, mine.node.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"unschedulable":true}}`))), "cannot patch resource")
	forbidden(t, "a policy", mine.client.Create(ctx, policy()), "cannot create resource")
}

func TestAnAgentCreatesNothingButItself(t *testing.T) {
	p := newAgentPod(t, newNode(t, "creates"))
	owner := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "creates", UID: p.node.UID}}
	for name, tt := range map[string]struct {
		edit func(*v1alpha1.NodeHardware)
		says string
	}{
		"with a quarantine":       {func(nh *v1alpha1.NodeHardware) { nh.Spec.Quarantine = &v1alpha1.Quarantine{Reason: "mine"} }, "empty spec"},
		"with a hold":             {func(nh *v1alpha1.NodeHardware) { nh.Spec.Hold = &v1alpha1.Hold{Reason: "mine"} }, "empty spec"},
		"with labels":             {func(nh *v1alpha1.NodeHardware) { nh.Labels = map[string]string{"a": "b"} }, "without labels"},
		"without an owner":        {func(nh *v1alpha1.NodeHardware) { nh.OwnerReferences = nil }, "must name its Node"},
		"owned by another node":   {func(nh *v1alpha1.NodeHardware) { nh.OwnerReferences[0].UID = "another" }, "of a node that was deleted"},
		"owned by something else": {func(nh *v1alpha1.NodeHardware) { nh.OwnerReferences[0].Kind = "Pod" }, "must name its Node"},
	} {
		nh := &v1alpha1.NodeHardware{ObjectMeta: metav1.ObjectMeta{Name: "creates", OwnerReferences: append([]metav1.OwnerReference(nil), owner...)}}
		tt.edit(nh)
		forbidden(t, name, p.client.Create(t.Context(), nh), tt.says)
	}
}

func TestATokenOfADeletedPodIsRefused(t *testing.T) {
	p := newAgentPod(t, newNode(t, "deleted-pod"))
	api := p.api(t, "deleted-pod")
	if err := api.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := admin.Delete(t.Context(), p.pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	// The API server remembers a token that was good for up to ten seconds.
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(200 * time.Millisecond) {
		_, err := api.ReplaceStatus(t.Context(), report(time.Now().UnixNano()))
		if apierrors.IsUnauthorized(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the token of a deleted pod still works: %v", err)
		}
	}
}

func TestATokenOfADeletedNodeIsRefused(t *testing.T) {
	node := newNode(t, "reborn")
	p := newAgentPod(t, node)
	if err := admin.Delete(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	forbiddenOrGone(t, p.api(t, "reborn").Create(t.Context()))
	born := newNode(t, "reborn")
	successor := newAgentPod(t, born)
	if err := successor.api(t, "reborn").Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := p.api(t, "reborn").ReplaceStatus(t.Context(), report(1))
	forbidden(t, "a node of the same name", err, "of a node that was deleted")
	if _, err := successor.api(t, "reborn").ReplaceStatus(t.Context(), report(1)); err != nil {
		t.Errorf("its successor: %v", err)
	}
}

func forbiddenOrGone(t *testing.T, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) && !strings.Contains(err.Error(), "not found") {
		t.Errorf("an object for a node that is gone: %v", err)
	}
}

func TestATokenWithoutANodeSpeaksForNobody(t *testing.T) {
	newNode(t, "nobody")
	config := rest.CopyConfig(restConfig)
	config.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + namespace + ":" + account, Groups: []string{"system:authenticated"}}
	api, err := agent.NewKubeAPI(config, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	forbidden(t, "no node in the token", api.Create(t.Context()), "not bound to a pod on a node")
}

func TestOldReportsAreRefused(t *testing.T) {
	p := newAgentPod(t, newNode(t, "sequence"))
	api := p.api(t, "sequence")
	if err := api.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	writes := 0
	write := func(boot string, sequence int64) error {
		status := report(sequence)
		status.BootID, status.ModeReason = boot, fmt.Sprint("write ", writes)
		writes++
		_, err := api.ReplaceStatus(t.Context(), status)
		return err
	}
	for _, step := range []struct {
		boot     string
		sequence int64
		refused  bool
	}{{"a", 1, false}, {"a", 2, false}, {"a", 2, true}, {"a", 1, true}, {"b", 1, false}, {"b", 7, false}, {"b", 6, true}} {
		err := write(step.boot, step.sequence)
		if apierrors.IsInvalid(err) != step.refused || !step.refused && err != nil {
			t.Errorf("report %d of boot %s: %v, refused should be %v", step.sequence, step.boot, err, step.refused)
		}
		if step.refused && err != nil && !strings.Contains(err.Error(), "run one agent a node") {
			t.Errorf("the refusal does not say what to do: %v", err)
		}
	}
}

func TestMetricsAreGuarded(t *testing.T) {
	p := newAgentPod(t, newNode(t, "metrics"))
	api := p.api(t, "metrics")
	if allowed, err := api.Reviews(t.Context(), p.token, "/metrics"); allowed || err != nil {
		t.Errorf("an agent's own token reads metrics: %v, %v", allowed, err)
	}
	if allowed, err := api.Reviews(t.Context(), "garbage", "/metrics"); allowed || err != nil {
		t.Errorf("garbage reads metrics: %v, %v", allowed, err)
	}
}
