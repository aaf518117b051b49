package api

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// good is the manifest that the tests change: two sets, of which the second
// waits for the first.
const good = `
apiVersion: trainyard.dev/v1alpha1
kind: TrainingJob
metadata:
  name: mnist
  namespace: default
spec:
  framework: PyTorch
  replicaSpecs:
  - name: master
    template:
      spec:
        containers:
        - name: trainer
          image: registry.example/mnist:1
          command: [torchrun, train.py]
  - name: worker
    replicas: 2
    dependsOn: {name: master, state: Ready}
    template:
      spec:
        containers:
        - name: trainer
          image: registry.example/mnist:1
          command: [torchrun, train.py]
`

// edit changes a manifest.
type edit func(obj map[string]any)

// manifest is the good manifest with some changes.
func manifest(edits ...edit) *unstructured.Unstructured {
	obj := yamlValue(good).(map[string]any)
	for _, apply := range edits {
		apply(obj)
	}
	return &unstructured.Unstructured{Object: obj}
}

// set puts a value at a path such as spec.replicaSpecs[0].name, and makes the
// maps that lead there. The value may be YAML.
func set(path string, value any) edit {
	return func(obj map[string]any) { assign(obj, path, normalize(value)) }
}

// unset removes what is at a path.
func unset(path string) edit {
	return func(obj map[string]any) { assign(obj, path, nil) }
}

// all applies several edits.
func all(edits ...edit) edit {
	return func(obj map[string]any) {
		for _, apply := range edits {
			apply(obj)
		}
	}
}

// pod sets a field of the first set's pod.
func pod(field string, value any) edit {
	return set("spec.replicaSpecs[0].template.spec."+field, value)
}

// container sets a field of the first set's first container.
func container(field string, value any) edit {
	return pod("containers[0]."+field, value)
}

// initContainer gives the first set an init container with a field set.
func initContainer(field string, value any) edit {
	return all(
		pod("initContainers", yamlValue(`[{name: fetch, image: busybox}]`)),
		pod("initContainers[0]."+field, value))
}

func dependsOn(name, state string) map[string]any {
	return map[string]any{"name": name, "state": state}
}

// sets makes n copies of the worker set, named s0, s1, …, of so many replicas.
func sets(n, replicas int) edit {
	return func(obj map[string]any) {
		var list []any
		for i := range n {
			s := manifest(unset("spec.replicaSpecs[1].dependsOn")).Object["spec"].(map[string]any)["replicaSpecs"].([]any)[1].(map[string]any)
			s["name"], s["replicas"] = "s"+strconv.Itoa(i), int64(replicas)
			list = append(list, s)
		}
		assign(obj, "spec.replicaSpecs", list)
	}
}

// yamlValue is what YAML says, in the types that the API machinery uses.
func yamlValue(text string) any {
	var value any
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		panic(err)
	}
	return value
}

// normalize turns a Go value into what JSON knows.
func normalize(value any) any {
	text, err := yaml.Marshal(value)
	if err != nil {
		panic(err)
	}
	return yamlValue(string(text))
}

func assign(node any, path string, value any) {
	head, rest, nested := strings.Cut(path, ".")
	key, index, indexed := strings.Cut(strings.TrimSuffix(head, "]"), "[")
	fields := node.(map[string]any)
	switch {
	case indexed:
		i, err := strconv.Atoi(index)
		if err != nil {
			panic(fmt.Sprintf("path %s: %v", path, err))
		}
		list := fields[key].([]any)
		if !nested {
			list[i] = value
			return
		}
		assign(list[i], rest, value)
	case nested:
		if fields[key] == nil {
			fields[key] = map[string]any{}
		}
		assign(fields[key], rest, value)
	case value == nil:
		delete(fields, key)
	default:
		fields[key] = value
	}
}
