package render_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/render"
)

// endpoints are those of all ranks of a job, with addresses of both families.
func endpoints(n int32) []render.Endpoint {
	out := make([]render.Endpoint, n)
	for rank := range n {
		out[rank] = render.Endpoint{
			Rank: rank, Pod: fmt.Sprint("pod-", rank), Node: "node-1",
			IPs: []string{fmt.Sprintf("10.0.%d.%d", rank/256, rank%256), fmt.Sprintf("fd00::%x", rank+1)},
		}
	}
	return out
}

func slicesOf(t *testing.T, job builder, endpoints []render.Endpoint) map[string]*discoveryv1.EndpointSlice {
	t.Helper()
	list, err := render.EndpointSlices(job.TrainingJob, endpoints)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*discoveryv1.EndpointSlice{}
	for _, s := range list {
		if out[s.Name] != nil {
			t.Errorf("slice %s is there twice", s.Name)
		}
		out[s.Name] = s
	}
	return out
}

func TestAFullJobFillsItsSlices(t *testing.T) {
	job := train(v1alpha1.FrameworkGeneric).set("a", 1096).set("b", 3000)
	got := slicesOf(t, job, endpoints(4096))
	if len(got) != 10 {
		t.Errorf("%d slices, want 5 of each family", len(got))
	}
	names := map[string]int{}
	for _, s := range got {
		if len(s.Endpoints) > 1000 {
			t.Errorf("%s has %d endpoints, the API allows 1000", s.Name, len(s.Endpoints))
		}
		for _, e := range s.Endpoints {
			names[*e.Hostname]++
		}
	}
	if len(names) != 4096 || names["a-1095"] != 2 || names["b-2999"] != 2 {
		t.Errorf("%d names, a-1095 in %d and b-2999 in %d slices; want 4096, 2, 2", len(names), names["a-1095"], names["b-2999"])
	}
}

// TestOneRankChangesOneSliceAFamily, whatever order the pods come in.
func TestOneRankChangesOneSliceAFamily(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	job := train(v1alpha1.FrameworkGeneric).set("worker", 2500)
	all := endpoints(2500)
	before := slicesOf(t, job, all)
	for range 6 {
		changed := random.Int32N(2500)
		now := append([]render.Endpoint(nil), all...)
		if random.IntN(2) == 0 {
			now[changed].IPs = []string{"10.1.2.3", "fd00:1::1"}
		} else {
			now = append(now[:changed], now[changed+1:]...)
		}
		random.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		for name, s := range slicesOf(t, job, now) {
			touched := strings.HasSuffix(name, fmt.Sprint("-", changed/1000))
			if same := reflect.DeepEqual(before[name], s); same == touched {
				t.Errorf("rank %d changed, slice %s is the same: %t", changed, name, same)
			}
		}
	}
}

func TestPodsWithoutAddressAreNotPublished(t *testing.T) {
	job := train(v1alpha1.FrameworkGeneric).set("worker", 2)
	if got := slicesOf(t, job, []render.Endpoint{{Rank: 0, Pod: "p"}}); len(got) != 0 {
		t.Errorf("slices %v of a pod without address", got)
	}
	got := slicesOf(t, job, []render.Endpoint{{Rank: 1, Pod: "p", IPs: []string{"10.0.0.1"}}})
	if s := got["resnet-ipv4-0"]; len(got) != 1 || s == nil || len(s.Endpoints) != 1 || s.Endpoints[0].NodeName != nil {
		t.Errorf("slices %v, want one with one endpoint without node", got)
	}
}

// TestEveryNameResolves, of a pod that is not ready too: ranks look each other
// up before they are.
func TestEveryNameResolves(t *testing.T) {
	got := slicesOf(t, train(v1alpha1.FrameworkGeneric).set("worker", 1), []render.Endpoint{{Rank: 0, IPs: []string{"10.0.0.1"}}})
	if c := got["resnet-ipv4-0"].Endpoints[0].Conditions; !*c.Ready {
		t.Errorf("conditions %+v, want ready", c)
	}
}

// TestEndpointsThatCannotBe are left out, the others are published.
func TestEndpointsThatCannotBe(t *testing.T) {
	cases := map[string]struct {
		bad  render.Endpoint
		want string
	}{
		"a rank held twice":      {render.Endpoint{Rank: 0, Pod: "bad", IPs: []string{"10.0.0.9"}}, "rank 0 is held by pod good already"},
		"a rank beyond the job":  {render.Endpoint{Rank: 2, Pod: "bad", IPs: []string{"10.0.0.9"}}, "rank 2 is not one of the job's 2"},
		"a rank before the job":  {render.Endpoint{Rank: -1, Pod: "bad", IPs: []string{"10.0.0.9"}}, "rank -1"},
		"no address":             {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"localhost"}}, `address "localhost"`},
		"loopback":               {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"127.0.0.1"}}, "127.0.0.1 is not an address that a pod can have"},
		"loopback, IPv6":         {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"::1"}}, "::1"},
		"the cloud's metadata":   {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"169.254.169.254"}}, "169.254.169.254"},
		"link-local, IPv6":       {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"fe80::1"}}, "fe80::1"},
		"link-local with a zone": {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"fe80::1%eth0"}}, "fe80::1%eth0"},
		"a zone":                 {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"2001:db8::1%eth0"}}, "2001:db8::1%eth0"},
		"multicast":              {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"224.0.0.1"}}, "224.0.0.1"},
		"unspecified":            {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"0.0.0.0"}}, "0.0.0.0"},
		"broadcast":              {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"255.255.255.255"}}, "255.255.255.255"},
		"IPv4 in IPv6":           {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"::ffff:10.0.0.9"}}, "::ffff:10.0.0.9"},
		"only one is good":       {render.Endpoint{Rank: 1, Pod: "bad", IPs: []string{"10.0.0.9", "::1"}}, "::1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := render.EndpointSlices(train(v1alpha1.FrameworkGeneric).set("worker", 2).TrainingJob,
				[]render.Endpoint{{Rank: 0, Pod: "good", IPs: []string{"10.0.0.1"}}, c.bad})
			if err == nil || !strings.Contains(err.Error(), "pod bad: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if len(got) != 1 || len(got[0].Endpoints) != 1 || got[0].Endpoints[0].Addresses[0] != "10.0.0.1" {
				t.Errorf("slices %v, want the good pod alone", got)
			}
		})
	}
}
