package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/parquet-go/parquet-go"

	"github.com/trainyard/trainyard/internal/datasource"
	_ "github.com/trainyard/trainyard/internal/datasource/bucket/s3"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/servertest"
)

// row is of a file that is large enough to be read in many parts.
type row struct {
	N    int64   `parquet:"n"`
	Real float64 `parquet:"real"`
	Name string  `parquet:"name,dict"`
}

const rows = 200_000

func parquetFile(t *testing.T) []byte {
	t.Helper()
	all := make([]row, rows)
	for i := range all {
		all[i] = row{N: int64(i), Real: 1 / float64(i+1), Name: fmt.Sprint("name ", i%9)}
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, all, parquet.MaxRowsPerRowGroup(rows/4)); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func csvFile(from, to int) []byte {
	var text bytes.Buffer
	text.WriteString("n,name\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "%d,name %d\n", i, i%9)
	}
	return text.Bytes()
}

// store is a bucket on a running MinIO.
type store struct {
	address string
	client  *awss3.Client
	options datasource.Options
}

func newStore(t *testing.T) *store {
	t.Helper()
	address := servertest.MinIO(t)
	client := awss3.New(awss3.Options{
		BaseEndpoint: aws.String("http://" + address),
		Region:       "us-east-1",
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(servertest.User, servertest.Password, ""),
	})
	if _, err := client.CreateBucket(context.Background(), &awss3.CreateBucketInput{Bucket: aws.String("data")}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", servertest.User)
	t.Setenv("AWS_SECRET_ACCESS_KEY", servertest.Password)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	s := &store{address: address, client: client,
		options: datasource.Options{Guard: guard.OwnMachine(os.Getenv), SpillFolder: t.TempDir()}}
	for key, content := range map[string][]byte{
		"big.parquet":      parquetFile(t),
		"days/1.csv":       csvFile(0, 1000),
		"days/2.csv":       csvFile(1000, 3000),
		"days/_SUCCESS":    []byte("done"),
		"days/.hidden.csv": []byte("x\n1\n"),
		"days/_tmp/3.csv":  []byte("x\n1\n"),
		"changed/1.csv":    csvFile(0, 10),
		"changed/2.csv":    []byte("n,name\nx,y\n"),
		"long/big.csv":     csvFile(0, 100_000),
		"folder-marker/":   nil,
	} {
		s.put(t, key, content)
	}
	return s
}

func (s *store) put(t *testing.T, key string, content []byte) {
	t.Helper()
	_, err := s.client.PutObject(context.Background(), &awss3.PutObjectInput{
		Bucket: aws.String("data"), Key: aws.String(key), Body: bytes.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

// open reads a key through an address, which may be a proxy's.
func (s *store) open(through, key string) (datasource.Table, error) {
	url := "s3://data/" + key + "?use_path_style=true&endpoint=http://" + through
	return datasource.Open(context.Background(), datasource.Spec{URL: url}, s.options)
}

// check reads every column and says whether all is there.
func check(opened datasource.Table, want int) error {
	for _, field := range opened.Schema() {
		column, err := opened.Column(context.Background(), field.Name)
		if err != nil {
			return err
		}
		if column.Rows() != want || column.Missing > 0 {
			return fmt.Errorf("column %s has %d rows, %d missing", field.Name, column.Rows(), column.Missing)
		}
		if field.Name == "n" && !slices.IsSorted(column.Numbers) {
			return fmt.Errorf("the rows of column n are out of order")
		}
	}
	return nil
}

func TestS3(t *testing.T) {
	s := newStore(t)
	t.Run("finds", s.finds)
	t.Run("errors", s.errors)
	t.Run("cut off", s.cutOff)
	t.Run("changed", s.changed)
	t.Run("guard", s.guarded)
}

func (s *store) finds(t *testing.T) {
	for key, want := range map[string]int{
		"big.parquet": rows, "days": 3000, "days/": 3000, "days/*.csv": 3000, "days/[12].csv": 3000, "days/1.csv": 1000,
	} {
		t.Run(key, func(t *testing.T) {
			opened, err := s.open(s.address, key)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = opened.Close() }()
			if err := check(opened, want); err != nil {
				t.Error(err)
			}
		})
	}
}

func (s *store) errors(t *testing.T) {
	tests := []struct{ name, key, want string }{
		{"no object", "nothing", "no data at s3://data/nothing"},
		{"no match", "days/*.parquet", "no object has this key"},
		{"not a pattern", "days/[", "is not a pattern"},
		{"a schema that changes", "changed/", `the schema changes at s3://data/changed/2.csv: column "n" is string there and integer in s3://data/changed/1.csv`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.open(s.address, test.key); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("a wrong secret", func(t *testing.T) {
		t.Setenv("AWS_SECRET_ACCESS_KEY", "quite-wrong")
		if _, err := s.open(s.address, "days"); err == nil || strings.Contains(err.Error(), "quite-wrong") {
			t.Errorf("got %v", err)
		}
	})
}

// An object that is cut off is taken up again where it was, at whatever byte; one that
// is always cut off is an error.
func (s *store) cutOff(t *testing.T) {
	proxy := servertest.NewProxy(t, s.address)
	for key, want := range map[string]int{"big.parquet": rows, "long/big.csv": 100_000} {
		read := func() error {
			opened, err := s.open(proxy.Address(), key)
			if err != nil {
				return err
			}
			defer func() { _ = opened.Close() }()
			return check(opened, want)
		}
		proxy.CutAt()
		if err := read(); err != nil {
			t.Fatal(err)
		}
		whole := proxy.Passed()
		const cuts = 12
		for i := range int64(cuts) {
			proxy.CutAt(whole*i/cuts, whole*i/cuts+1000)
			if err := read(); err != nil {
				t.Errorf("%s cut twice at %d of %d: %v", key, whole*i/cuts, whole, err)
			}
		}
		proxy.CutAlways(whole / 2)
		if err := read(); err == nil || !strings.Contains(err.Error(), "s3://data/"+key) {
			t.Errorf("%s always cut: %v", key, err)
		}
	}
	if left, err := os.ReadDir(s.options.SpillFolder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// An object that is written anew while its columns are read is an error, not a
// mixture.
func (s *store) changed(t *testing.T) {
	content := parquetFile(t)
	s.put(t, "moving.parquet", content)
	opened, err := s.open(s.address, "moving.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	s.put(t, "moving.parquet", append(content, content...))
	if _, err := opened.Column(context.Background(), "real"); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}

func (s *store) guarded(t *testing.T) {
	s.options.Guard = guard.Pod(os.Getenv)
	for _, host := range []string{s.address, "169.254.169.254", "[fe80::1]", "localhost:9000"} {
		_, err := s.open(host, "days")
		if _, denied := guard.Denied(err); !denied {
			t.Errorf("%s: %v", host, err)
		}
	}
}
