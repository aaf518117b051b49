// Package fencing proves against a real API server, with real tokens bound to
// real pods, what a node's agent may write and what it may not, and that the
// schemas of NodeHardware and HardwarePolicy accept and reject as they say.
package fencing

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

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trainyard/trainyard/api/v1alpha1"
)

const (
	assetsVariable = "KUBEBUILDER_ASSETS"
	namespace      = "trainyard-agent"
	account        = "trainyard-agent"
)

// What TestMain starts and every test uses.
var (
	restConfig *rest.Config
	admin      client.Client
)

func TestMain(m *testing.M) {
	code, err := runWithServer(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test/fencing:", err)
		code = 1
	}
	os.Exit(code)
}

func runWithServer(m *testing.M) (code int, err error) {
	if os.Getenv(assetsVariable) == "" {
		return 0, errors.New(assetsVariable + " is not set and no API server can be started: run make test, or set it to what make -s envtest-assets prints")
	}
	log.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return 0, err
	}
	server := &envtest.Environment{Scheme: scheme, CRDDirectoryPaths: []string{"../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	if restConfig, err = server.Start(); err != nil {
		return 0, fmt.Errorf("start the API server of %s: %w", os.Getenv(assetsVariable), err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	restConfig.QPS = -1
	if admin, err = client.New(restConfig, client.Options{Scheme: scheme}); err != nil {
		return 0, err
	}
	if err := install(context.Background()); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// install creates what config/agent holds, and waits until its policy is
// enforced.
func install(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, filepath.Join(os.Getenv(assetsVariable), "kubectl"), "kustomize", "../../config/agent").Output()
	if err != nil {
		return fmt.Errorf("kubectl kustomize: %w", err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(out), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := admin.Create(ctx, object); err != nil {
			return fmt.Errorf("create %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return untilFenced(ctx)
}

// untilFenced waits until an agent without a node is refused.
func untilFenced(ctx context.Context) error {
	config := rest.CopyConfig(restConfig)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + account, Groups: []string{"system:serviceaccounts", "system:authenticated"},
	}
	nobody, err := client.New(config, client.Options{Scheme: admin.Scheme()})
	if err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		err := nobody.Create(ctx, &v1alpha1.NodeHardware{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}, client.DryRunAll)
		return err != nil, nil
	})
}

// agentPod is an agent's pod on a node, and the token that the kubelet would
// give it.
type agentPod struct {
	node   *corev1.Node
	pod    *corev1.Pod
	token  string
	config *rest.Config
	client client.Client
}

func newNode(t *testing.T, name string) *corev1.Node {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := admin.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Delete(context.Background(), node) })
	return node
}

func newAgentPod(t *testing.T, node *corev1.Node) *agentPod {
	t.Helper()
	p := &agentPod{node: node}
	p.pod = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "agent-", Namespace: namespace},
		Spec: corev1.PodSpec{
			NodeName: node.Name, ServiceAccountName: account, Containers: []corev1.Container{{Name: "agent", Image: "agent"}},
		},
	}
	if err := admin.Create(t.Context(), p.pod); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: p.pod.Name, UID: p.pod.UID},
	}}
	serviceAccount := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account, Namespace: namespace}}
	if err := admin.SubResource("token").Create(t.Context(), serviceAccount, request); err != nil {
		t.Fatal(err)
	}
	p.token = request.Status.Token
	p.config = rest.AnonymousClientConfig(restConfig)
	p.config.BearerToken = p.token
	var err error
	if p.client, err = client.New(p.config, client.Options{Scheme: admin.Scheme(), Mapper: admin.RESTMapper()}); err != nil {
		t.Fatal(err)
	}
	return p
}
