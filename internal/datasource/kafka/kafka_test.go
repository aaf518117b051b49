package kafka_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/servertest"
)

var start = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)

// cluster is a broker with a topic of two partitions.
func cluster(t *testing.T, options ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append(options, kfake.NumBrokers(1), kfake.SeedTopics(2, "scores"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// message is a record of a minute after the start.
func message(partition int32, minute int, value string) *kgo.Record {
	record := &kgo.Record{Topic: "scores", Partition: partition, Timestamp: start.Add(time.Duration(minute) * time.Minute)}
	if value != "" {
		record.Value = []byte(value)
	}
	return record
}

func produce(t *testing.T, address string, records ...*kgo.Record) {
	t.Helper()
	produceAs(t, address, nil, records...)
}

func produceAs(t *testing.T, address string, login []kgo.Opt, records ...*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append(login, kgo.SeedBrokers(address), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, address string, change func(*datasource.Spec, *datasource.Options)) (datasource.Table, error) {
	t.Helper()
	spec := datasource.Spec{URL: "kafka://" + address + "/scores"}
	options := datasource.Options{Guard: guard.OwnMachine(os.Getenv), SpillFolder: t.TempDir()}
	if change != nil {
		change(&spec, &options)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	opened, err := datasource.Open(ctx, spec, options)
	if err == nil {
		t.Cleanup(func() { _ = opened.Close() })
	}
	return opened, err
}

func numbers(t *testing.T, from datasource.Table, name string) []float64 {
	t.Helper()
	column, err := from.Column(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return column.Numbers
}

func TestWindow(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	produce(t, address,
		message(1, 1, `{"n":101}`), message(0, 0, `{"n":0}`), message(0, 2, `{"n":2}`), message(0, 1, `{"n":1}`),
		message(0, 3, ""), message(0, 3, `{"n":3}`), message(1, 9, `{"n":109}`))
	from, to := start.Add(time.Minute), start.Add(3*time.Minute)
	opened, err := open(t, address, func(spec *datasource.Spec, _ *datasource.Options) {
		spec.Window = datasource.WindowSpec{From: &from, To: &to}
	})
	if err != nil {
		t.Fatal(err)
	}
	// By partition, then as stored; the late one of minute 1 is there.
	if diff := cmp.Diff([]float64{2, 1, 101}, numbers(t, opened, "n")); diff != "" {
		t.Error(diff)
	}
	all, err := open(t, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{0, 2, 1, 3, 101, 109}, numbers(t, all, "n")); diff != "" {
		t.Error(diff)
	}
}

// What is written while a window is read is not of it.
func TestBoundedByTheStart(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	var first []*kgo.Record
	for i := range 20_000 {
		first = append(first, message(0, 0, fmt.Sprintf(`{"n":%d}`, i)))
	}
	produce(t, address, first...)
	written := false
	opened, err := open(t, address, func(_ *datasource.Spec, options *datasource.Options) {
		options.Progress = func(datasource.Progress) {
			if !written {
				written = true
				produce(t, address, message(0, 0, `{"n":-1}`))
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !written || opened.Rows() != len(first) {
		t.Errorf("%d rows, want %d (written: %v)", opened.Rows(), len(first), written)
	}
}

func TestAbortedTransaction(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	produce(t, address, message(0, 0, `{"n":1}`))
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.TransactionalID("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(context.Background(), message(0, 0, `{"n":2}`)).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(context.Background(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	opened, err := open(t, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{1}, numbers(t, opened, "n")); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesThatAreNoRows(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	records := []*kgo.Record{message(0, 0, `{"secret":`)}
	for range 20 {
		records = append(records, message(0, 0, `{"n":1}`))
	}
	produce(t, address, records...)
	var warnings []string
	opened, err := open(t, address, func(_ *datasource.Spec, options *datasource.Options) {
		options.Warn = func(warning string) { warnings = append(warnings, warning) }
	})
	if err != nil || opened.Rows() != 20 {
		t.Fatalf("%v", err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "1 of 21 messages are left out") || !strings.Contains(warnings[0], "offset 0") {
		t.Errorf("warnings: %q", warnings)
	}
	_, err = open(t, address, func(_ *datasource.Spec, options *datasource.Options) { options.Limits.TypeErrors = 0.01 })
	if err == nil || !strings.Contains(err.Error(), "1 of 21 messages are no rows") {
		t.Errorf("got %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	address := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "ada", "a-password"))
	secret := t.TempDir() + "/password"
	if err := os.WriteFile(secret, []byte("a-password"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := datasource.CredentialsSpec{User: "ada", PasswordFile: secret}
	tests := []struct {
		name, url string
		login     datasource.CredentialsSpec
		want      string
	}{
		{"with a password", "/scores?sasl=scram-sha-256", login, ""},
		{"without one", "/scores?sasl=scram-sha-256", datasource.CredentialsSpec{}, "sasl needs credentials"},
		{"unknown mechanism", "/scores?sasl=magic", login, "sasl=magic is not known"},
		{"no topic", "/", login, "names no topic"},
		{"unknown topic", "/nowhere?sasl=scram-sha-256", login, "UNKNOWN_TOPIC"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := open(t, address, func(spec *datasource.Spec, _ *datasource.Options) {
				spec.URL, spec.Credentials = "kafka://"+address+test.url, test.login
			})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A broker that is refused ends the reading at once, be it named by the user or by
// another broker.
func TestGuard(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	produce(t, address, message(0, 0, `{"n":1}`))
	for _, host := range []string{address, "169.254.169.254:9092", "[fe80::1]:9092"} {
		_, err := open(t, host, func(_ *datasource.Spec, options *datasource.Options) { options.Guard = guard.Pod(os.Getenv) })
		if _, denied := guard.Denied(err); !denied {
			t.Errorf("%s: %v", host, err)
		}
	}
	// The first broker may be dialled, the one that it names may not.
	_, seed := advertising(t, func(string) string { return "169.254.169.254:9092" })
	_, err := open(t, seed, nil)
	if denied, is := guard.Denied(err); !is || denied.Address != "169.254.169.254" {
		t.Errorf("an advertised broker: %v", err)
	}
}

// advertising is a broker that says it is elsewhere. It returns where it says it is,
// and where it listens.
func advertising(t *testing.T, elsewhere func(listens string) string) (says, listens string) {
	t.Helper()
	says = cluster(t, kfake.ListenFn(func(network, _ string) (net.Listener, error) {
		listener, err := net.Listen(network, "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		listens = listener.Addr().String()
		address, err := net.ResolveTCPAddr("tcp", elsewhere(listens))
		return &moved{Listener: listener, address: address}, err
	}))
	return says, listens
}

// moved is a listener that says it is elsewhere.
type moved struct {
	net.Listener
	address net.Addr
}

func (m *moved) Addr() net.Addr { return m.address }

// The client takes a connection that was cut up again where it was.
func TestCutOff(t *testing.T) {
	t.Parallel()
	var proxy *servertest.Proxy
	address, _ := advertising(t, func(listens string) string {
		proxy = servertest.NewProxy(t, listens)
		return proxy.Address()
	})
	var records []*kgo.Record
	for i := range 5_000 {
		records = append(records, message(int32(i%2), 0, fmt.Sprintf(`{"n":%d}`, i)))
	}
	produce(t, address, records...)
	for _, cut := range []int64{0, 50, 500, 5_000, 50_000} {
		proxy.CutAt(cut)
		opened, err := open(t, address, nil)
		if err != nil {
			t.Errorf("cut at %d: %v", cut, err)
			continue
		}
		if opened.Rows() != len(records) {
			t.Errorf("cut at %d: %d rows", cut, opened.Rows())
		}
	}
}
