// Package apiserver starts a real API server for tests, with everything of
// config/default installed: the types, their admission policies and the rights
// of the manager. etcd and the API server are those of KUBEBUILDER_ASSETS.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

// Manager is the user that the manager runs as.
const Manager = "system:serviceaccount:trainyard-system:trainyard-manager"

const assetsVariable = "KUBEBUILDER_ASSETS"

// Server is a running API server.
type Server struct {
	Config *rest.Config
	// Admin may do everything.
	Admin client.WithWatch
	// Installed is all of config/default.
	Installed []*unstructured.Unstructured

	env *envtest.Environment
}

// Start starts a server and installs what config, the path of that directory,
// holds in default. Stop ends it.
func Start(ctx context.Context, config string) (*Server, error) {
	if os.Getenv(assetsVariable) == "" {
		return nil, errors.New(assetsVariable + " is not set and no API server can be started: " +
			"run make test, or set it to what make -s envtest-assets prints")
	}
	installed, err := Kustomize(filepath.Join(config, "default"))
	if err != nil {
		return nil, err
	}
	s := &Server{Installed: installed, env: &envtest.Environment{
		Scheme: NewScheme(), CRDs: crdsOf(installed),
		// A busy machine needs longer than the defaults of 20 s and 10 s.
		ControlPlaneStartTimeout: 3 * time.Minute, ControlPlaneStopTimeout: time.Minute,
		CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: time.Minute},
	}}
	// Nobody reads the data after a crash: do not wait for the disk.
	s.env.ControlPlane.Etcd = &envtest.Etcd{}
	s.env.ControlPlane.Etcd.Configure().Append("unsafe-no-fsync", "true")
	if s.Config, err = s.env.Start(); err != nil {
		return nil, fmt.Errorf("start the API server of %s: %w", os.Getenv(assetsVariable), err)
	}
	s.Config.QPS = -1
	if s.Admin, err = client.NewWithWatch(s.Config, client.Options{Scheme: s.env.Scheme}); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.install(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server.
func (s *Server) Stop() error { return s.env.Stop() }

// As is a client of a user.
func (s *Server) As(user string) (client.WithWatch, error) {
	config := rest.CopyConfig(s.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	return client.NewWithWatch(config, client.Options{Scheme: s.Admin.Scheme(), Mapper: s.Admin.RESTMapper()})
}

// NewScheme knows Kubernetes' types and Trainyard's.
func NewScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
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

// install creates all but the CRDs, bindings of policies last.
func (s *Server) install(ctx context.Context) error {
	for _, bindings := range []bool{false, true} {
		for _, obj := range s.Installed {
			kind := obj.GetKind()
			if kind == "CustomResourceDefinition" || (kind == "ValidatingAdmissionPolicyBinding") != bindings {
				continue
			}
			if err := s.Admin.Create(ctx, obj.DeepCopy()); err != nil {
				return fmt.Errorf("create %s %s: %w", kind, obj.GetName(), err)
			}
		}
	}
	return nil
}
