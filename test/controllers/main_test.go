// Package controllers plays whole lives of TrainingJobs against a real API
// server. The reconcilers are called by hand, in a fixed order and with a fake
// clock, as the user that the manager runs as: there is no manager, no cache and
// no polling, and a story always goes the same way.
//
// What a cluster has besides is played too: nodes (world_test.go), the scheduler,
// kubelets with their launchers and the garbage collector (kubelet_test.go). All
// of it reads from one mirror of the server (mirror_test.go).
//
// The lives (lives_test.go) are played undisturbed, and then with each call to
// the API damaged (calls_test.go, replay_test.go), with somebody else acting
// between two calls and with news that come late (interruptions_test.go): they
// end alike, and at no moment is anything as it must never be
// (invariants_test.go).
package controllers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trainyard/trainyard/test/apiserver"
)

// What TestMain starts and every test uses.
var (
	admin   client.WithWatch
	manager client.WithWatch
	// everything is what the server holds.
	everything *mirror
)

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard()) // what matters is in the statuses
	code, err := runWithServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/controllers:", err)
		code = 1
	}
	os.Exit(code)
}

func runWithServer(m *testing.M) (code int, err error) {
	server, err := apiserver.Start(context.Background(), "../../config")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: urgent}, Value: 1000}
	if err := server.Admin.Create(context.Background(), class); err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if everything, err = follow(ctx, server.Admin); err != nil {
		return 0, err
	}
	user, err := server.As(apiserver.Manager)
	if err != nil {
		return 0, err
	}
	admin, manager = everything.through(server.Admin), everything.through(user)
	return m.Run(), nil
}
