// Command demo shows Trainyard's main job on this machine: it brings up a real
// cluster, trains a real model on two of its three nodes, takes one of them
// away in the middle, and shows how the training goes on.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/test/cluster"
)

const manifest = "examples/pytorch-ddp/trainingjob.yaml"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c, err := cluster.New(os.Stderr)
	if err != nil {
		return err
	}
	say("Bringing up a real cluster on this machine, with Trainyard in it: lab up " + strings.Join(os.Args[1:], " "))
	say("What is not built yet is built first; that takes 15-25 minutes once, then seconds.")
	if err := c.Up(ctx, os.Args[1:], []string{"examples/pytorch-ddp/image.yaml"}); err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	key := client.ObjectKey{Namespace: "default", Name: "electricity"}
	if err := forget(ctx, cl, key); err != nil {
		return err
	}
	say("\nTraining on the electricity market: kubectl apply -f " + manifest)
	if _, err := c.Kubectl(ctx, "apply", "-f", manifest); err != nil {
		return err
	}
	s := &show{cluster: c, client: cl, key: key}
	job, err := s.watch(ctx)
	if err != nil {
		return err
	}
	return conclude(ctx, c, s, job)
}

// forget removes what an earlier demo left.
func forget(ctx context.Context, cl client.Client, key client.ObjectKey) error {
	job := &v1alpha1.TrainingJob{}
	job.Namespace, job.Name = key.Namespace, key.Name
	if err := cl.Delete(ctx, job); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing the last demo's job: %w", err)
	}
	for {
		err := cl.Get(ctx, key, job)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("waiting for the last demo's job to go: %w", err)
		}
		if err != nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits a moment, unless the user has had enough.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("stopped: the cluster is still up; make demo-down removes it")
	case <-time.After(300 * time.Millisecond):
		return nil
	}
}

func say(line string) { fmt.Println(line) }
