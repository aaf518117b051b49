package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed manifests.yaml
var manifests string

// contestants are the peers. Each gets the restarts that it has by default, and
// what its documentation recommends for training.
func contestants(home string) []*peer {
	all := []*peer{
		{
			name: "trainyard", title: "TrainingJob", checkpoints: "trainyard-*/attempt-*",
			counted: []string{"get", "tj", "trainyard", "-o", "jsonpath={.status.restartsCountTowardsMax}"},
		},
		{
			name: "job", title: "Indexed Job", checkpoints: "job/all",
			counted: []string{"get", "job", "job", "-o", "jsonpath={.status.failed}"},
		},
		{
			name: "job-policy", title: "Indexed Job, podFailurePolicy ignores disruptions", checkpoints: "job-policy/all",
			counted: []string{"get", "job", "job-policy", "-o", "jsonpath={.status.failed}"},
		},
		{
			name: "jobset", title: "JobSet", checkpoints: "jobset/all",
			counted: []string{"get", "jobset", "jobset", "-o", "jsonpath={.status.restartsCountTowardsMax}"},
		},
	}
	parsed := template.Must(template.New("manifests").Parse(manifests))
	for _, p := range all {
		var out bytes.Buffer
		if err := parsed.ExecuteTemplate(&out, p.name, map[string]string{"Name": p.name, "Home": home}); err != nil {
			panic(fmt.Sprintf("manifests.yaml: %v", err)) // it is part of this program
		}
		p.manifest = strings.TrimSpace(out.String()) + "\n"
	}
	return all
}
