package apiserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Kustomize is what `kubectl apply -k` would send of a directory.
func Kustomize(dir string) ([]*unstructured.Unstructured, error) {
	kubectl := filepath.Join(os.Getenv(assetsVariable), "kubectl")
	var stderr bytes.Buffer
	cmd := exec.Command(kubectl, "kustomize", dir) //nolint:noctx // it reads files and ends by itself
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl kustomize %s: %w: %s", dir, err, stderr.String())
	}
	return Decode(out)
}

// Decode reads manifests.
func Decode(manifests []byte) ([]*unstructured.Unstructured, error) {
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
