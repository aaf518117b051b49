// Package guard keeps the readers of data from dialling what is no data: the node
// they run on, the API server, and the metadata services of clouds, whose answers are
// credentials.
//
// An address is checked when a socket is about to connect, after every redirect and
// after every look-up of a name, so that neither can lead around it.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// Guard decides which addresses may be dialled.
type Guard struct {
	// ownMachine allows loopback, this machine's addresses and Unix sockets.
	ownMachine bool
	denied     map[netip.Addr]string
	// names are those under which the API server is known.
	names map[string]bool
}

// NodeAddresses is the environment variable with the addresses of the node that a
// pod runs on, separated by commas: a pod learns them by the downward API.
const NodeAddresses = "TRAINYARD_NODE_ADDRESSES"

// Pod is the guard of a program in a pod: all that is named above is refused, and
// this machine itself. getenv is os.Getenv but in tests.
func Pod(getenv func(string) string) *Guard {
	g := &Guard{denied: map[netip.Addr]string{}, names: map[string]bool{}}
	g.deny(getenv("KUBERNETES_SERVICE_HOST"), "it is the API server")
	for address := range strings.SplitSeq(getenv(NodeAddresses), ",") {
		g.deny(strings.TrimSpace(address), "it is the node that this pod runs on")
	}
	own, _ := net.InterfaceAddrs()
	for _, address := range own {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil && !prefix.Addr().IsLoopback() {
			g.denied[prefix.Addr().Unmap()] = "it is this machine"
		}
	}
	return g
}

// OwnMachine is the guard of a program that a person runs by hand: this machine may
// be dialled, so that a database or a broker on it can be read.
func OwnMachine(getenv func(string) string) *Guard {
	g := Pod(getenv)
	g.ownMachine = true
	for address, why := range g.denied {
		if why == "it is this machine" {
			delete(g.denied, address)
		}
	}
	return g
}

// Default is the guard of a pod, from the process's environment.
func Default() *Guard { return Pod(os.Getenv) }

// deny refuses an address, or a name and all addresses that it has now.
func (g *Guard) deny(host, why string) {
	if host == "" {
		return
	}
	if address, err := netip.ParseAddr(host); err == nil {
		g.denied[address.Unmap()] = why
		return
	}
	g.names[canonical(host)] = true
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addresses, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for _, address := range addresses {
		g.denied[address.Unmap()] = why
	}
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// DeniedError is an address that may not be dialled.
type DeniedError struct{ Address, Why string }

func (e *DeniedError) Error() string {
	return fmt.Sprintf("%s may not be dialled: %s: name a host that serves data", e.Address, e.Why)
}

// Denied finds a *DeniedError in an error, through clients that hide it.
func Denied(err error) (*DeniedError, bool) {
	var denied *DeniedError
	return denied, errors.As(err, &denied)
}

// Check says whether an address may be dialled; if not, it is a *DeniedError.
func (g *Guard) Check(address netip.Addr) error {
	for _, form := range forms(address) {
		if why := g.why(form); why != "" {
			return &DeniedError{Address: address.String(), Why: why}
		}
	}
	return nil
}

func (g *Guard) why(address netip.Addr) string {
	if why, denied := g.denied[address]; denied {
		return why
	}
	switch {
	case address.IsLoopback(), address.IsUnspecified(), thisNetwork.Contains(address):
		if g.ownMachine {
			return ""
		}
		return "it is this machine"
	case address.IsLinkLocalUnicast():
		return "link-local addresses are where clouds keep their metadata"
	case address.IsMulticast(), address == broadcast:
		return "it is not the address of one host"
	case metadata[address]:
		return "it is where a cloud keeps its metadata"
	}
	return ""
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	broadcast   = netip.MustParseAddr("255.255.255.255")
	// metadata are the services of AWS (IPv6), Azure, Alibaba and Oracle that are
	// not link-local.
	metadata = map[netip.Addr]bool{
		netip.MustParseAddr("fd00:ec2::254"):   true,
		netip.MustParseAddr("fd00:ec2::23"):    true,
		netip.MustParseAddr("168.63.129.16"):   true,
		netip.MustParseAddr("100.100.100.200"): true,
		netip.MustParseAddr("192.0.0.192"):     true,
	}
	nat64       = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local  = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour   = netip.MustParsePrefix("2002::/16")
	compatible  = netip.MustParsePrefix("::/96")
	translation = []netip.Prefix{nat64, nat64Local, compatible}
)

// forms are an address and the IPv4 address that it holds, if a gateway would
// translate it.
func forms(address netip.Addr) []netip.Addr {
	address = address.WithZone("").Unmap()
	all := []netip.Addr{address}
	bytes := address.As16()
	for _, prefix := range translation {
		if address.Is6() && prefix.Contains(address) && !address.IsLoopback() {
			all = append(all, netip.AddrFrom4([4]byte(bytes[12:])))
		}
	}
	if address.Is6() && sixToFour.Contains(address) {
		all = append(all, netip.AddrFrom4([4]byte(bytes[2:6])))
	}
	return all
}

// control is called for each socket before it connects.
func (g *Guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if strings.HasPrefix(network, "unix") {
		if g.ownMachine {
			return nil
		}
		return &DeniedError{Address: address, Why: "it is a socket of this machine"}
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return &DeniedError{Address: address, Why: "it is not an address and a port"}
	}
	return g.Check(target.Addr())
}
