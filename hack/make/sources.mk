##@ Data sources

MINIO := $(CACHE)/minio/minio

$(MINIO): hack/minio/go.mod
	mkdir -p $(@D)
	CGO_ENABLED=0 go build -C hack/minio -trimpath -ldflags "-s -w" -o $@ github.com/minio/minio

.PHONY: minio
minio: $(MINIO) ## Build MinIO, the object store that tests read from (10 minutes, once).

test: minio

SOURCES_FUZZ := infer:FuzzCell csvrows:FuzzScan jsonrows:FuzzRows parquetfile:FuzzOpen .:FuzzSpec

.PHONY: fuzz-sources
fuzz-sources: ## Fuzz every parser of the data sources (FUZZ_TIME=1m each).
	for f in $(SOURCES_FUZZ); do \
		go test ./internal/datasource/$${f%%:*} -run '^$$' -fuzz "^$${f##*:}\$$" -fuzztime $(or $(FUZZ_TIME),1m); \
	done

.PHONY: source-sizes
source-sizes: ## Print how large a program is that reads tables, and with each object store.
	@for tags in none s3 gcs azure s3,gcs,azure; do \
		CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -tags $$tags -o $(BIN)/sourcesize ./test/bench/sourcesize; \
		printf 'source-size-%s\t%s\tbytes\t\t\n' $$tags $$(stat -c %s $(BIN)/sourcesize); \
	done; rm -f $(BIN)/sourcesize
