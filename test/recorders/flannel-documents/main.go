// The recorder fills in what flannel takes each document of a table for, by running flannel's own packages.
//
//	go run -mod=mod -ldflags=-checklinkname=0 . ../../recipe/flannel/documents.json
//
// A configuration in the table has a name and a text, a lease has a name, a key and a value. The recorder replaces
// "flannel" of each entry and writes the file again. It touches neither a network nor a store.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"
	_ "unsafe"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/alloc"
	_ "github.com/flannel-io/flannel/pkg/backend/extension"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/ipip"
	_ "github.com/flannel-io/flannel/pkg/backend/ipsec"
	_ "github.com/flannel-io/flannel/pkg/backend/udp"
	"github.com/flannel-io/flannel/pkg/backend/vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard"
	"github.com/flannel-io/flannel/pkg/lease"
	"github.com/flannel-io/flannel/pkg/subnet"
	_ "github.com/flannel-io/flannel/pkg/subnet/etcd"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// flannel does not export these two.

//go:linkname parseVXLANConfig github.com/flannel-io/flannel/pkg/backend/vxlan.parseVXLANConfig
func parseVXLANConfig(config json.RawMessage, defaultMTU int) (vxlan.VXLANConfig, error)

//go:linkname kvToIPLease github.com/flannel-io/flannel/pkg/subnet/etcd.kvToIPLease
func kvToIPLease(kv *mvccpb.KeyValue, ttl int64) (*lease.Lease, error)

// interfaceMTU is the MTU that flannel finds on the interface where a configuration gives none.
const interfaceMTU = 1500

type table struct {
	Flannel        string          `json:"flannel"`
	Configurations []configuration `json:"configurations"`
	Leases         []storedLease   `json:"leases"`
}

type configuration struct {
	Name string `json:"name"`
	Text string `json:"text"`
	// What flannel takes it for, or why it refuses it.
	Takes   *network `json:"takes,omitempty"`
	Refuses *refusal `json:"refuses,omitempty"`
}

type refusal struct {
	// parse, check, type (GetBackend) or backend (what stands in Backend).
	Stage string `json:"stage"`
	Error string `json:"error"`
}

type network struct {
	EnableIPv4     bool     `json:"enableIpv4"`
	EnableIPv6     bool     `json:"enableIpv6"`
	EnableNFTables bool     `json:"enableNftables"`
	IPv4           *subnets `json:"ipv4"`
	IPv6           *subnets `json:"ipv6"`
	// As GetBackend looks it up.
	BackendType string         `json:"backendType"`
	Backend     map[string]any `json:"backend"`
}

type subnets struct {
	Network string `json:"network"`
	Length  uint   `json:"length"`
	Min     string `json:"min"`
	Max     string `json:"max"`
}

type storedLease struct {
	Name  string `json:"name"`
	Key   string `json:"key"`
	Value string `json:"value"`
	// What flannel takes it for, or why it passes over it.
	Takes   *takenLease `json:"takes,omitempty"`
	Refuses string      `json:"refuses,omitempty"`
}

type takenLease struct {
	// As flannel prints it, host bits included; then as the kernel would be asked for it.
	Subnet     string  `json:"subnet"`
	Network    string  `json:"network"`
	IPv6Subnet *string `json:"ipv6Subnet"`
	PublicIP   string  `json:"publicIp"`
	PublicIPv6 *string `json:"publicIpv6"`
	Type       string  `json:"backendType"`
	// What the backend of that type reads from the data.
	Data        map[string]any `json:"data,omitempty"`
	V6Data      map[string]any `json:"v6Data,omitempty"`
	DataRefused string         `json:"dataRefused,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run -ldflags=-checklinkname=0 . TABLE.json")
		os.Exit(2)
	}
	if err := record(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func record(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var all table
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for i := range all.Configurations {
		all.Configurations[i].record()
	}
	for i := range all.Leases {
		all.Leases[i].record()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func (c *configuration) record() {
	c.Takes, c.Refuses = readNetwork(c.Text)
}

func readNetwork(text string) (*network, *refusal) {
	config, err := subnet.ParseConfig(text)
	if err != nil {
		return nil, &refusal{"parse", err.Error()}
	}
	if err := subnet.CheckNetworkConfig(config); err != nil {
		return nil, &refusal{"check", err.Error()}
	}
	backendType, err := lookUp(config.BackendType)
	if err != nil {
		return nil, &refusal{"type", err.Error()}
	}
	values, err := readBackend(backendType, config.Backend)
	if err != nil {
		return nil, &refusal{"backend", err.Error()}
	}
	taken := &network{
		EnableIPv4:     config.EnableIPv4,
		EnableIPv6:     config.EnableIPv6,
		EnableNFTables: config.EnableNFTables,
		BackendType:    backendType,
		Backend:        values,
	}
	if config.EnableIPv4 {
		taken.IPv4 = &subnets{
			config.Network.String(), config.SubnetLen, config.SubnetMin.String(), config.SubnetMax.String(),
		}
	}
	if config.EnableIPv6 {
		taken.IPv6 = &subnets{
			config.IPv6Network.String(), config.IPv6SubnetLen,
			config.IPv6SubnetMin.String(), config.IPv6SubnetMax.String(),
		}
	}
	return taken, nil
}

// lookUp asks flannel's manager for a backend, and returns the name that it was found by.
func lookUp(name string) (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	address := net.ParseIP("192.0.2.1").To4()
	here := &backend.ExternalInterface{
		Iface: &net.Interface{MTU: interfaceMTU}, IfaceAddr: address, ExtAddr: address,
	}
	if _, err := backend.NewManager(ctx, nil, here).GetBackend(name); err != nil {
		return "", err
	}
	return lower(name), nil
}

func (l *storedLease) record() {
	l.Takes, l.Refuses = nil, ""
	kv := &mvccpb.KeyValue{Key: []byte("/coreos.com/network/subnets/" + l.Key), Value: []byte(l.Value)}
	read, err := kvToIPLease(kv, int64(time.Hour/time.Second))
	if err != nil {
		l.Refuses = err.Error()
		return
	}
	taken := &takenLease{
		Subnet:   read.Subnet.String(),
		Network:  read.Subnet.Network().String(),
		PublicIP: read.Attrs.PublicIP.String(),
		Type:     read.Attrs.BackendType,
	}
	if read.EnableIPv6 {
		text := read.IPv6Subnet.String()
		taken.IPv6Subnet = &text
	}
	if read.Attrs.PublicIPv6 != nil {
		text := read.Attrs.PublicIPv6.String()
		taken.PublicIPv6 = &text
	}
	taken.Data, err = readData(taken.Type, read.Attrs.BackendData)
	if err == nil && read.EnableIPv6 {
		taken.V6Data, err = readData(taken.Type, read.Attrs.BackendV6Data)
	}
	if err != nil {
		taken.DataRefused = err.Error()
	}
	l.Takes = taken
}
