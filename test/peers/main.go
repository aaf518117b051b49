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

	"github.com/trainyard/trainyard/test/cluster"
)

// patience is how long after the loss it is watched what happens: pods on a
// node that is gone are evicted after 50 s and another 300 s.
const patience = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	c, err := cluster.New(os.Stderr)
	if err != nil {
		return err
	}
	defer func() {
		if _, downErr := c.Lab(context.WithoutCancel(ctx), "down"); err == nil {
			err = downErr
		}
	}()
	images := []string{"examples/pytorch-ddp/image.yaml", "test/peers/jobset/image.yaml"}
	if err := c.Up(ctx, strings.Fields(os.Getenv("LAB_FLAGS")), images); err != nil {
		return err
	}
	cl, err := c.Client()
	if err != nil {
		return err
	}
	r := &race{cluster: c, client: cl}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.start(ctx); err != nil {
		return err
	}
	if err := r.lose(ctx); err != nil {
		return err
	}
	if err := r.watch(ctx); err != nil {
		return err
	}
	r.print(os.Stdout)
	return nil
}

// race is the peers on one lab, and what happens to them.
type race struct {
	cluster *cluster.Cluster
	client  client.Client

	// home has the managers and one rank of each; lost has the other ranks
	// and dies; spare is where these can go.
	home, lost, spare string
	at                time.Time
	peers             []*peer
}
