package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
)

// ranks is how many there are of each training.
const ranks = 2

// peer is one training, and what became of it.
type peer struct {
	name     string // of the object, and the label peer of its pods
	title    string // what people call it
	manifest string
	// checkpoints is the pattern of its folders on the shared storage.
	checkpoints string
	// counted reads what the loss cost of the user's budget of restarts.
	counted []string

	victim   corev1.Pod    // the pod that died with its node
	replaced time.Duration // until there is another pod for its rank
	running  time.Duration // until every rank runs again
	stepped  time.Duration // until there is a new checkpoint
	spent    string
}

// pods are the peer's.
func (p *peer) pods(ctx context.Context, cl client.Client) ([]corev1.Pod, error) {
	var list corev1.PodList
	if err := cl.List(ctx, &list, client.InNamespace("default"), client.MatchingLabels{"peer": p.name}); err != nil {
		return nil, fmt.Errorf("listing the pods of %s: %w", p.title, err)
	}
	return list.Items, nil
}

// look notes what has happened until now; done says that nothing is left to be
// waited for.
func (p *peer) look(ctx context.Context, r *race) (done bool, err error) {
	pods, err := p.pods(ctx, r.client)
	if err != nil {
		return false, err
	}
	since := time.Since(r.at)
	up := 0
	for i := range pods {
		pod := &pods[i]
		if p.replaced == 0 && pod.UID != p.victim.UID && rankOf(pod) == rankOf(&p.victim) {
			p.replaced = since
		}
		if pod.DeletionTimestamp == nil && pod.Spec.NodeName != r.lost && pod.Status.Phase == corev1.PodRunning {
			up++
		}
	}
	if p.replaced > 0 && up == ranks && p.running == 0 {
		p.running = since
	}
	if up < ranks {
		p.running = 0 // one that waits in vain for the others ends again
	}
	if p.stepped == 0 {
		p.stepped, err = r.newestCommit(p)
	}
	return p.stepped > 0 && p.running > 0, err
}

// rankOf is the rank that a pod holds: the label is the Job's or the TrainingJob's.
func rankOf(pod *corev1.Pod) string {
	return pod.Labels["batch.kubernetes.io/job-completion-index"] + pod.Labels[v1alpha1.LabelSet]
}

// settle is how long after the loss a checkpoint may still be that of an epoch
// which had been trained before.
const settle = 3 * time.Second

// newestCommit is how long after the loss the training committed again; 0 if
// it has not.
func (r *race) newestCommit(p *peer) (time.Duration, error) {
	// The nodes' shared storage, as this machine sees it.
	shared := filepath.Join(filepath.Dir(r.cluster.Kubeconfig()), "shared")
	all, err := filepath.Glob(filepath.Join(shared, p.checkpoints, "step-*"))
	if err != nil {
		return 0, fmt.Errorf("looking for checkpoints: %w", err)
	}
	var first time.Duration
	for _, file := range all {
		info, err := os.Stat(file)
		if err != nil {
			continue // removed meanwhile
		}
		if after := info.ModTime().Sub(r.at); after > settle && (first == 0 || after < first) {
			first = after
		}
	}
	return first, nil
}
