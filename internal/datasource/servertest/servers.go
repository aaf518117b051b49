package servertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Password is that of every server's user, named User.
const (
	User     = "trainyard"
	Password = "not-a-secret-of-anyone"
)

// Postgres starts an empty PostgreSQL and returns its host and port. It asks for the
// password.
func Postgres(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		missing(t, "PostgreSQL", "apt-get install postgresql, or make test-packages")
	}
	programs := filepath.Dir(found[len(found)-1])
	as := unprivileged(t, "postgres")
	base := folder(t, as)
	data := filepath.Join(base, "data")
	secret := filepath.Join(base, "password")
	if err := os.WriteFile(secret, []byte(Password), 0o644); err != nil {
		t.Fatal(err)
	}
	create := exec.CommandContext(t.Context(), filepath.Join(programs, "initdb"), "--no-sync", "--username="+User, "--pwfile="+secret,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--pgdata="+data)
	create.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	create.Dir = base
	if output, err := create.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	start(t, as, nil, filepath.Join(programs, "postgres"), "-D", data, "-p", port,
		"-c", "listen_addresses="+host, "-c", "unix_socket_directories="+base, "-c", "fsync=off")
	until(t, "PostgreSQL", func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, PostgresURL(address))
		if err != nil {
			return err //nolint:wrapcheck // shown by the test
		}
		return conn.Close(ctx)
	})
	return address
}

// PostgresURL is the address of the server's database, with the password.
func PostgresURL(address string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/postgres?sslmode=disable", User, Password, address)
}

// MinIO starts an empty MinIO and returns its host and port.
func MinIO(t *testing.T) string {
	t.Helper()
	program := os.Getenv("TRAINYARD_MINIO")
	if program == "" {
		cache := os.Getenv("TRAINYARD_CACHE")
		if cache == "" {
			home, _ := os.UserHomeDir()
			cache = filepath.Join(home, ".cache", "trainyard")
		}
		program = filepath.Join(cache, "minio", "minio")
	}
	if _, err := os.Stat(program); err != nil {
		missing(t, "MinIO", "make minio")
	}
	address := freeAddress(t)
	start(t, nil, []string{"MINIO_ROOT_USER=" + User, "MINIO_ROOT_PASSWORD=" + Password, "MINIO_BROWSER=off"},
		program, "server", folder(t, nil), "--address", address, "--quiet")
	until(t, "MinIO", func(ctx context.Context) error { return answers(ctx, "http://"+address+"/minio/health/ready") })
	return address
}

// Prometheus starts a server that holds samples in OpenMetrics' text format, with
// timestamps, and returns its host and port.
func Prometheus(t *testing.T, samples string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	tool, errTool := exec.LookPath("promtool")
	if err != nil || errTool != nil {
		missing(t, "Prometheus", "apt-get install prometheus, or make test-packages")
	}
	base := folder(t, nil)
	data := filepath.Join(base, "data")
	text, config := filepath.Join(base, "samples"), filepath.Join(base, "prometheus.yml")
	for path, content := range map[string]string{text: samples, config: "global: {}\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	create := exec.CommandContext(t.Context(), tool, "tsdb", "create-blocks-from", "openmetrics", text, data)
	if output, err := create.CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, output)
	}
	address := freeAddress(t)
	start(t, nil, nil, program, "--config.file="+config, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address="+address)
	until(t, "Prometheus", func(ctx context.Context) error { return answers(ctx, "http://"+address+"/-/ready") })
	return address
}

func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err //nolint:wrapcheck // shown by the test
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err //nolint:wrapcheck // shown by the test
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
