##@ Dashboards and alerts

PLAIN_RULES := config/prometheus/plain/trainyard.rules.yml

.PHONY: prometheus-rule
prometheus-rule: ## Make the PrometheusRule of config/prometheus from the plain rule file.
	@{ printf '%s\n' '# Generated from plain/trainyard.rules.yml by `make manifests`; do not edit.' \
		'apiVersion: monitoring.coreos.com/v1' 'kind: PrometheusRule' \
		'metadata:' '  name: trainyard' '  namespace: trainyard-system' \
		'  labels:' '    app.kubernetes.io/name: trainyard' 'spec:'; \
		sed '/^#/d; s/^/  /' $(PLAIN_RULES); } > config/prometheus/alerts.yaml

.PHONY: dashboard
dashboard: ## Make the Grafana dashboard of config/grafana from hack/dashboard.
	@go run ./hack/dashboard > config/grafana/gpu-fleet.json

.PHONY: test-alerts
test-alerts: ## Check the alert rules and when each fires (needs promtool; make test does this too).
	promtool check rules $(PLAIN_RULES)
	promtool test rules config/prometheus/plain/trainyard.test.yml

manifests: prometheus-rule dashboard

.PHONY: dashboard-picture
dashboard-picture: lab ## Draw docs/images/gpu-fleet-*.svg from a fleet that works and fails for 4 minutes.
	KUBEBUILDER_ASSETS=$(ENVTEST_ASSETS) go run ./hack/dashboard/picture
