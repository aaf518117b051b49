package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// startTime is how long a training may take to commit its first checkpoint, on a
// machine that is busy.
const startTime = 15 * time.Minute

// prepare chooses the nodes and installs JobSet.
func (r *race) prepare(ctx context.Context) error {
	var err error
	if r.home, err = r.cluster.LeaderNode(ctx); err != nil {
		return err
	}
	for _, node := range []string{"node-1", "node-2", "node-3"} {
		switch {
		case node == r.home:
		case r.lost == "":
			r.lost = node
		default:
			r.spare = node
		}
	}
	if err := r.installJobSet(ctx); err != nil {
		return err
	}
	r.peers = contestants(r.home)
	return nil
}

// start brings every training past its first checkpoint, with one rank on each
// of the nodes home and lost.
func (r *race) start(ctx context.Context) error {
	if _, err := r.cluster.Kubectl(ctx, "cordon", r.spare); err != nil {
		return err
	}
	for _, p := range r.peers {
		if err := r.apply(ctx, p.name+".yaml", p.manifest); err != nil {
			return err
		}
	}
	for _, p := range r.peers {
		if err := r.await(ctx, p); err != nil {
			return err
		}
	}
	_, err := r.cluster.Kubectl(ctx, "uncordon", r.spare)
	return err
}

// apply applies a manifest from a file of the run's own.
func (r *race) apply(ctx context.Context, name, manifest string) error {
	file := filepath.Join(filepath.Dir(r.cluster.Kubeconfig()), "peers-"+name)
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		return fmt.Errorf("writing a manifest: %w", err)
	}
	defer func() { _ = os.Remove(file) }() // the lab's folder goes with the lab
	// A webhook may not serve yet though its Deployment is there.
	for began := time.Now(); ; {
		_, err := r.cluster.Kubectl(ctx, "apply", "--server-side", "-f", file)
		if err == nil || time.Since(began) > startTime {
			return err
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// await waits until a training has committed a checkpoint.
func (r *race) await(ctx context.Context, p *peer) error {
	fmt.Printf("waiting for the first checkpoint of %s …\n", p.title)
	began := time.Now()
	for {
		r.at = began.Add(-settle)
		committed, err := r.newestCommit(p)
		if err != nil {
			return err
		}
		if committed > 0 {
			break
		}
		if time.Since(began) > startTime {
			return fmt.Errorf("%s has no checkpoint after %s: kubectl get pods -l peer=%s", p.title, startTime, p.name)
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

// keepManager has the leading manager where it was in the beginning: the node
// that dies is to take ranks with it, and of no peer the controller.
func (r *race) keepManager(ctx context.Context) error {
	for began := time.Now(); ; {
		leader, err := r.cluster.LeaderNode(ctx)
		if err == nil && leader != r.lost {
			return nil
		}
		if time.Since(began) > startTime {
			return errors.Join(fmt.Errorf("the leading manager is on %s and does not leave it", r.lost), err)
		}
		if err == nil {
			_, err = r.cluster.Kubectl(ctx, "-n", "trainyard-system", "delete", "pod", "--wait=false",
				"-l", "app.kubernetes.io/component=manager", "--field-selector", "spec.nodeName="+r.lost)
		}
		if err := errors.Join(err, pause(ctx, 5*time.Second)); err != nil {
			return err
		}
	}
}

// lose kills a node with a rank of every training.
func (r *race) lose(ctx context.Context) error {
	if err := r.keepManager(ctx); err != nil {
		return err
	}
	for _, p := range r.peers {
		pods, err := p.pods(ctx, r.client)
		if err != nil {
			return err
		}
		for i := range pods {
			if pods[i].Spec.NodeName == r.lost && pods[i].Status.Phase == corev1.PodRunning {
				p.victim = pods[i]
			}
		}
		if p.victim.UID == "" {
			return fmt.Errorf("%s has no rank on %s: the comparison would be unfair", p.title, r.lost)
		}
	}
	var err error
	r.at, err = r.cluster.Break(ctx, "kill", r.lost)
	fmt.Printf("%s is dead\n", r.lost)
	return err
}

// watch follows all of them until they train again, or for as long as it takes
// to know that they do not.
func (r *race) watch(ctx context.Context) error {
	told := map[*peer]bool{}
	for time.Since(r.at) < patience {
		left := 0
		for _, p := range r.peers {
			done, err := p.look(ctx, r)
			if err != nil {
				return err
			}
			if done && !told[p] {
				told[p] = true
				fmt.Printf("%6.1f s  %s trains again\n", time.Since(r.at).Seconds(), p.title)
			}
			if !done {
				left++
			}
		}
		if left == 0 {
			break
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	for _, p := range r.peers {
		spent, err := r.cluster.Kubectl(ctx, p.counted...)
		if err != nil {
			return err
		}
		p.spent = spent
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("stopped: %w", ctx.Err())
	case <-time.After(d):
		return nil
	}
}

// print prints the table.
func (r *race) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(w, "\nafter the loss of a node with one of two ranks\trank replaced\tall ranks run\tfirst new checkpoint\trestarts spent\n")
	for _, p := range r.peers {
		spent := p.spent
		if spent == "" {
			spent = "0"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.title, seconds(p.replaced), seconds(p.running), seconds(p.stepped), spent)
	}
	_ = w.Flush() // to standard output
}

func seconds(d time.Duration) string {
	if d == 0 {
		return fmt.Sprintf("not within %.0f s", patience.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
