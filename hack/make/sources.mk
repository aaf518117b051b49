##@ Data sources

MINIO := $(CACHE)/minio/minio

$(MINIO): hack/minio/go.mod
	mkdir -p $(@D)
	CGO_ENABLED=0 go build -C hack/minio -trimpath -ldflags "-s -w" -o $@ github.com/minio/minio

.PHONY: minio
minio: $(MINIO) ## Build MinIO, the object store that tests read from (10 minutes, once).

test: minio

.PHONY: test-packages
test-packages: ## Install the Debian packages that tests start servers from (root).
	apt-get install -y --no-install-recommends postgresql prometheus

SOURCES_FUZZ := infer:FuzzCell csvrows:FuzzScan jsonrows:FuzzRows parquetfile:FuzzOpen .:FuzzSpec

.PHONY: fuzz-sources
fuzz-sources: ## Fuzz every parser of the data sources (FUZZ_TIME=1m each).
	for f in $(SOURCES_FUZZ); do \
		go test ./internal/datasource/$${f%%:*} -run '^$$' -fuzz "^$${f##*:}\$$" -fuzztime $(or $(FUZZ_TIME),1m); \
	done

.PHONY: source-sizes
source-sizes: ## Print what each object store adds to a program, in MiB.
	@go run ./test/bench/sourcesize
