// Package api proves the API against a real API server: which objects are
// accepted, with which defaults; which are rejected, with errors that name
// field, value and cure; and who may write what.
//
// The server is started once, with everything of config/default installed, and
// every request comes from a user whom RBAC knows.
package api

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trainyard/trainyard/test/apiserver"
)

const config = "../../config"

// What TestMain starts and every test uses.
var (
	server     *apiserver.Server
	restConfig *rest.Config
	admin      client.Client
	installed  []*unstructured.Unstructured
)

func TestMain(m *testing.M) {
	code, err := runWithServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/api:", err)
		code = 1
	}
	os.Exit(code)
}

func runWithServer(m *testing.M) (code int, err error) {
	ctx := context.Background()
	if server, err = apiserver.Start(ctx, config); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	restConfig, admin, installed = server.Config, server.Admin, server.Installed
	if err := grantUsers(ctx); err != nil {
		return 0, err
	}
	// Bindings are enforced in order: where the last one is, all are.
	if err := untilEnforced(ctx, set("spec.replicaSpecs[0].dependsOn", dependsOn("worker", "Ready"))); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// untilEnforced waits until a change of the good manifest is rejected.
func untilEnforced(ctx context.Context, change edit) error {
	return until(ctx, func(err error) bool { return err != nil }, change)
}

// untilRelaxed waits until a change of the good manifest is accepted.
func untilRelaxed(ctx context.Context, change edit) error {
	return until(ctx, func(err error) bool { return err == nil }, change)
}

func until(ctx context.Context, done func(error) bool, change edit) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = admin.Create(ctx, manifest(change), client.DryRunAll)
		return done(last), nil
	})
	if err != nil {
		return fmt.Errorf("the admission policies have not changed after 30 s; the last answer was: %w", errors.Join(last, err))
	}
	return nil
}
