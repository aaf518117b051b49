// Package controllers plays whole lives of TrainingJobs against a real API
// server. The reconcilers are called by hand, in a fixed order and with a fake
// clock, as the user that the manager runs as: there is no manager, no cache and
// no polling, and a story always goes the same way.
//
// What a cluster has besides is played too: nodes (world_test.go), kubelets with
// their launchers (kubelet_test.go) and the garbage collector. Every call to the
// API can be counted, refused or cut off (calls_test.go).
package controllers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
