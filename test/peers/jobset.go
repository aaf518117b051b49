package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// overlay runs JobSet's own manifests with the image that was built here, on a
// node that stays.
const overlay = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../config/default]
patches:
- target: {kind: Deployment, name: jobset-controller-manager}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/image, value: "trainyard.dev/peers/jobset:dev"}
    - {op: add, path: /spec/template/spec/nodeSelector, value: {kubernetes.io/hostname: HOME}}
`

// installJobSet applies the manifests that come with JobSet's module.
func (r *race) installJobSet(ctx context.Context) error {
	module := filepath.Join(r.cluster.Root, "test", "peers", "jobset")
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/jobset")
	list.Dir, list.Stderr = module, os.Stderr
	found, err := list.Output()
	if err != nil {
		return fmt.Errorf("finding JobSet's manifests: %w", err)
	}
	work, err := os.MkdirTemp("", "jobset-")
	if err != nil {
		return fmt.Errorf("copying JobSet's manifests: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	config := os.DirFS(filepath.Join(strings.TrimSpace(string(found)), "config"))
	if err := os.CopyFS(filepath.Join(work, "config"), config); err != nil {
		return fmt.Errorf("copying JobSet's manifests: %w", err)
	}
	mine := filepath.Join(work, "overlay")
	if err := os.Mkdir(mine, 0o755); err != nil {
		return fmt.Errorf("copying JobSet's manifests: %w", err)
	}
	kustomization := strings.ReplaceAll(overlay, "HOME", r.home)
	if err := os.WriteFile(filepath.Join(mine, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		return fmt.Errorf("copying JobSet's manifests: %w", err)
	}
	if _, err := r.cluster.Kubectl(ctx, "apply", "--server-side", "-k", mine); err != nil {
		return err
	}
	_, err = r.cluster.Kubectl(ctx, "-n", "jobset-system", "rollout", "status", "deployment/jobset-controller-manager", "--timeout=600s")
	return err
}
