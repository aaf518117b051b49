package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sigs.k8s.io/yaml"
)

// Prometheus is a running Prometheus.
type Prometheus struct {
	// URL is where it answers.
	URL     string
	targets string
}

// interval is how often Prometheus scrapes and evaluates: more often than in any
// cluster, so that a test need not wait long.
const interval = "3s"

// StartPrometheus starts Prometheus on the shipped configuration.
func (f *Fleet) StartPrometheus(ctx context.Context) error {
	folder := filepath.Join(f.folder, "prometheus")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	p := &Prometheus{URL: "http://" + address, targets: filepath.Join(folder, "targets.json")}
	token, err := f.token(ctx, scraperNamespace, scraperAccount, nil)
	if err != nil {
		return err
	}
	tokenFile, config := filepath.Join(folder, "token"), filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		return err
	}
	plain := filepath.Join(f.root, "config", "prometheus", "plain")
	if err := writeConfig(config, plain, tokenFile, p.targets); err != nil {
		return err
	}
	if err := p.setTargets(f.nodes); err != nil {
		return err
	}
	log := filepath.Join(folder, "log")
	if err := f.run(ctx, log, os.Environ(), "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address="+address, "--log.level=warn"); err != nil {
		return err
	}
	f.Prometheus = p
	if err := p.ready(ctx); err != nil {
		content, _ := os.ReadFile(log)
		return fmt.Errorf("prometheus does not answer: %w\n%s", err, content)
	}
	return nil
}

// writeConfig takes the shipped configuration and changes what a machine without
// a cluster needs changed: the folder of the token, how often it scrapes, and
// where the pods are listed, since Debian builds Prometheus without its client of
// Kubernetes. Relabelling stays as it is shipped.
func writeConfig(path, plain, token, targets string) error {
	content, err := os.ReadFile(filepath.Join(plain, "prometheus.yml"))
	if err != nil {
		return err
	}
	config := map[string]any{}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return err
	}
	config["global"] = map[string]any{"scrape_interval": interval, "evaluation_interval": interval}
	config["rule_files"] = []any{filepath.Join(plain, "trainyard.rules.yml")}
	jobs, _ := config["scrape_configs"].([]any)
	for _, job := range jobs {
		job, _ := job.(map[string]any)
		if _, ok := job["kubernetes_sd_configs"]; !ok {
			return fmt.Errorf("%s: job %v finds no pods", path, job["job_name"])
		}
		delete(job, "kubernetes_sd_configs")
		job["file_sd_configs"] = []any{map[string]any{"files": []any{targets}, "refresh_interval": interval}}
		job["authorization"] = map[string]any{"credentials_file": token}
	}
	if content, err = yaml.Marshal(config); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// discovered is a node's agent as Kubernetes' service discovery describes it.
type discovered struct{ node *Node }

func (d discovered) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"targets": []string{d.node.address}, "labels": map[string]string{
		"__meta_kubernetes_namespace":                             agentNamespace,
		"__meta_kubernetes_pod_name":                              d.node.pod.Name,
		"__meta_kubernetes_pod_phase":                             "Running",
		"__meta_kubernetes_pod_node_name":                         d.node.Name,
		"__meta_kubernetes_pod_container_port_name":               "metrics",
		"__meta_kubernetes_pod_label_app_kubernetes_io_component": "agent",
	}})
}

func (p *Prometheus) setTargets(nodes []*Node) error {
	list := make([]json.Marshaler, 0, len(nodes))
	for _, n := range nodes {
		list = append(list, n.target())
	}
	content, err := json.Marshal(list)
	if err != nil {
		return err
	}
	temporary := p.targets + ".new"
	return errors.Join(os.WriteFile(temporary, content, 0o600), os.Rename(temporary, p.targets))
}

// ready waits until it answers.
func (p *Prometheus) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for {
		_, err := p.Query(ctx, "1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-pause.C:
		}
	}
}

// Series is a series of an answer, with one point for an instant query.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// Query asks for the present.
func (p *Prometheus) Query(ctx context.Context, expression string) ([]Series, error) {
	return p.ask(ctx, "query", url.Values{"query": {expression}})
}

// Range asks for a span.
func (p *Prometheus) Range(ctx context.Context, expression string, from, to time.Time, step time.Duration) ([]Series, error) {
	return p.ask(ctx, "query_range", url.Values{
		"query": {expression}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// Get decodes the data of an answer of the HTTP API.
func (p *Prometheus) Get(ctx context.Context, path string, parameters url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/api/v1/"+path+"?"+parameters.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s %s: %s", path, parameters.Get("query"), answer.Error)
	}
	return nil
}

func (p *Prometheus) ask(ctx context.Context, path string, parameters url.Values) ([]Series, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	if err := p.Get(ctx, path, parameters, &data); err != nil {
		return nil, err
	}
	if data.ResultType == "scalar" {
		return nil, nil
	}
	var result []struct {
		Metric map[string]string
		Value  *sample
		Values []sample
	}
	if err := json.Unmarshal(data.Result, &result); err != nil {
		return nil, err
	}
	series := make([]Series, 0, len(result))
	for _, r := range result {
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		s := Series{Labels: r.Metric}
		for _, v := range r.Values {
			s.Points = append(s.Points, Point(v))
		}
		series = append(series, s)
	}
	return series, nil
}

// sample is a point as the API writes it: [seconds, "value"].
type sample Point

func (s *sample) UnmarshalJSON(text []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	var seconds float64
	var value string
	if err := errors.Join(json.Unmarshal(pair[0], &seconds), json.Unmarshal(pair[1], &value)); err != nil {
		return err
	}
	s.Time = time.UnixMilli(int64(seconds * 1000))
	var err error
	s.Value, err = strconv.ParseFloat(value, 64)
	return err
}
