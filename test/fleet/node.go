package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/trainyard/trainyard/test/fakenvml"
)

// Spec says what a node is like.
type Spec struct {
	Name string
	// Profile is the model of its GPUs; empty for a node without any.
	Profile string
	GPUs    int
	Labels  map[string]string
	// Tenants are pods that hold GPUs.
	Tenants []Tenant
	// TokenOf is another node whose agent's token this one uses.
	TokenOf string
	// Dead is a node whose agent does not run.
	Dead bool
}

// Tenant is a pod, and the GPUs that it holds, by index.
type Tenant struct {
	Namespace, Pod string
	GPUs           []int
}

// Node is a node of the fleet.
type Node struct {
	Spec
	// Scenario is what its library plays; nil without a library.
	Scenario *fakenvml.Scenario

	folder  string
	address string
	pod     *corev1.Pod
}

// AddNode adds a node and starts its agent.
func (f *Fleet) AddNode(ctx context.Context, spec Spec) (*Node, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	n := &Node{Spec: spec, address: address, folder: filepath.Join(f.folder, spec.Name)}
	if err := f.API.Admin.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: spec.Name, Labels: spec.Labels}}); err != nil {
		return nil, err
	}
	n.pod = &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "agent-" + spec.Name, Namespace: agentNamespace},
		Spec: corev1.PodSpec{
			NodeName: spec.Name, ServiceAccountName: agentAccount, Containers: []corev1.Container{{Name: "agent", Image: "agent"}},
		},
	}
	if err := f.API.Admin.Create(ctx, n.pod); err != nil {
		return nil, err
	}
	f.nodes = append(f.nodes, n)
	if !spec.Dead {
		if err := f.startAgent(ctx, n); err != nil {
			return nil, fmt.Errorf("node %s: %w", spec.Name, err)
		}
	}
	if f.Prometheus != nil {
		return n, f.Prometheus.setTargets(f.nodes)
	}
	return n, nil
}

// freeAddress is an address of this machine that nobody serves.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func (f *Fleet) startAgent(ctx context.Context, n *Node) error {
	if err := n.writeHost(); err != nil {
		return err
	}
	kubeconfig := filepath.Join(n.folder, "kubeconfig")
	if err := f.writeKubeconfig(ctx, n, kubeconfig); err != nil {
		return err
	}
	library, env := filepath.Join(n.folder, "libnvidia-ml.so.1"), os.Environ() // which is not there
	if n.Profile != "" {
		library = f.library
		if err := n.writeScenario(); err != nil {
			return err
		}
		env = append(env, fakenvml.EnvScenario+"="+n.Scenario.Path())
	}
	socket := filepath.Join(n.folder, "kubelet.sock")
	stop, err := serveKubelet(ctx, socket, n)
	if err != nil {
		return err
	}
	f.closers = append(f.closers, stop)
	return f.run(ctx, n.log(), env, f.agent, "run", "-node", n.Name, "-kubeconfig", kubeconfig, "-nvml-library", library,
		"-proc", filepath.Join(n.folder, "proc"), "-sys", filepath.Join(n.folder, "sys"), "-kmsg", "", "-state", "",
		"-pod-resources", socket, "-pod-logs", n.folder, "-metrics-address", n.address, "-fast", "1s", "-slow", "1s")
}

func (n *Node) writeScenario() error {
	n.Scenario = fakenvml.NewScenario(filepath.Join(n.folder, "scenario"), n.Profile, n.GPUs)
	for gpu := range n.GPUs {
		n.Scenario.GPU(gpu, "uuid", n.UUID(gpu))
	}
	return n.Scenario.Write()
}

// writeKubeconfig gives the agent the token that its pod would have.
func (f *Fleet) writeKubeconfig(ctx context.Context, n *Node, path string) error {
	pod := n.pod
	for _, other := range f.nodes {
		if other.Name == n.TokenOf {
			pod = other.pod
		}
	}
	token, err := f.token(ctx, agentNamespace, agentAccount, pod)
	if err != nil {
		return err
	}
	return writeKubeconfig(path, f.API.Config, token)
}

func (n *Node) log() string { return filepath.Join(n.folder, "log") }

// UUID is that of a GPU of the node.
func (n *Node) UUID(gpu int) string {
	return fmt.Sprintf("GPU-%s-%d", n.Name, gpu)
}

// Log is what the node's agent said.
func (n *Node) Log() string {
	content, _ := os.ReadFile(n.log())
	return string(content)
}

// run starts a program and has Close end it.
func (f *Fleet) run(ctx context.Context, log string, env []string, program string, args ...string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	if err := cmd.Start(); err != nil {
		return errors.Join(err, out.Close())
	}
	f.closers = append(f.closers, func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		content, _ := os.ReadFile(log)
		_ = out.Close()
		if err != nil && !strings.Contains(err.Error(), "signal: terminated") {
			return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, content)
		}
		return nil
	})
	return nil
}

// token is one that the kubelet would give to a pod; without a pod it is the
// account's own.
func (f *Fleet) token(ctx context.Context, namespace, account string, pod *corev1.Pod) (string, error) {
	request := &authenticationv1.TokenRequest{}
	if pod != nil {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID}
	}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account, Namespace: namespace}}
	err := f.API.Admin.SubResource("token").Create(ctx, owner, request)
	return request.Status.Token, err
}

func writeKubeconfig(path string, config *rest.Config, token string) error {
	out := clientcmdapi.NewConfig()
	out.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	out.AuthInfos["c"] = &clientcmdapi.AuthInfo{Token: token}
	out.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "c"}
	out.CurrentContext = "c"
	return clientcmd.WriteToFile(*out, path)
}

// target is what Kubernetes' service discovery would tell Prometheus of the
// node's agent.
func (n *Node) target() json.Marshaler { return discovered{n} }
