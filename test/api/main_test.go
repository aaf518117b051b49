// Package api proves the API against a real API server: which objects are
// accepted, with which defaults; which are rejected, with errors that name
// field, value and cure; and who may write what.
//
// The server is started once, with everything of config/default installed, and
// every request comes from a user whom RBAC knows.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

const (
	assetsVariable = "KUBEBUILDER_ASSETS"
	config         = "../../config"
)

// What TestMain starts and every test uses.
var (
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
	if os.Getenv(assetsVariable) == "" {
		return 0, errors.New(assetsVariable + " is not set and no API server can be started: " +
			"run make test, or set it to what make -s envtest-assets prints")
	}
	if installed, err = renderDefault(); err != nil {
		return 0, err
	}
	server := &envtest.Environment{Scheme: newScheme(), CRDs: crdsOf(installed)}
	if restConfig, err = server.Start(); err != nil {
		return 0, fmt.Errorf("start the API server of %s: %w", os.Getenv(assetsVariable), err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	restConfig.QPS = -1
	if admin, err = client.New(restConfig, client.Options{Scheme: server.Scheme}); err != nil {
		return 0, err
	}
	if err := errors.Join(install(context.Background()), grantUsers(context.Background())); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

// renderDefault is what `kubectl apply -k config/default` would send.
func renderDefault() ([]*unstructured.Unstructured, error) {
	return kustomize(filepath.Join(config, "default"))
}

func kustomize(dir string) ([]*unstructured.Unstructured, error) {
	kubectl := filepath.Join(os.Getenv(assetsVariable), "kubectl")
	var stderr bytes.Buffer
	cmd := exec.Command(kubectl, "kustomize", dir)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl kustomize %s: %w: %s", dir, err, stderr.String())
	}
	return decode(out)
}

func decode(manifests []byte) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		obj := &unstructured.Unstructured{}
		if err := decoder.Decode(obj); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode manifest %d: %w", len(all), err)
		}
		all = append(all, obj)
	}
}

func crdsOf(objs []*unstructured.Unstructured) []*apiextensionsv1.CustomResourceDefinition {
	var crds []*apiextensionsv1.CustomResourceDefinition
	for _, obj := range objs {
		if obj.GetKind() != "CustomResourceDefinition" {
			continue
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, crd); err != nil {
			panic(err)
		}
		crds = append(crds, crd)
	}
	return crds
}

// install creates all but the CRDs, bindings of policies last, and returns when
// the server enforces the last of them, and so all.
func install(ctx context.Context) error {
	for _, bindings := range []bool{false, true} {
		for _, obj := range installed {
			kind := obj.GetKind()
			if kind == "CustomResourceDefinition" || (kind == "ValidatingAdmissionPolicyBinding") != bindings {
				continue
			}
			if err := admin.Create(ctx, obj.DeepCopy()); err != nil {
				return fmt.Errorf("create %s %s: %w", kind, obj.GetName(), err)
			}
		}
	}
	return untilEnforced(ctx, set("spec.replicaSpecs[0].dependsOn", dependsOn("worker", "Ready")))
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
