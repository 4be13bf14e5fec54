package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"
)

func lower(name string) string { return strings.ToLower(name) }

// readBackend reads Backend as the backend of a type does when it registers a network.
//
// vxlan's reader is flannel's own. The other backends read into a struct inside RegisterNetwork, which goes on to take a
// lease or to make a device; those structs stand here as in flannel v0.28.9.
func readBackend(backendType string, raw json.RawMessage) (map[string]any, error) {
	switch backendType {
	case "vxlan":
		config, err := parseVXLANConfig(raw, interfaceMTU)
		if err != nil {
			return nil, fmt.Errorf("error decoding VXLAN backend config: %w", err)
		}
		return map[string]any{
			"VNI": config.VNI, "Port": config.Port, "MTU": config.MTU, "GBP": config.GBP,
			"Learning": config.Learning, "DirectRouting": config.DirectRouting,
		}, nil
	case "wireguard": // pkg/backend/wireguard/wireguard.go
		config := struct {
			ListenPort                  int
			ListenPortV6                int
			MTU                         int
			PSK                         string
			PersistentKeepaliveInterval time.Duration
			Mode                        string
		}{ListenPort: 51820, ListenPortV6: 51821, MTU: interfaceMTU, Mode: "separate"}
		if err := unmarshal(raw, &config, "error decoding backend config"); err != nil {
			return nil, err
		}
		switch config.Mode {
		case "separate", "auto", "ipv4", "ipv6":
		default:
			return nil, fmt.Errorf("no valid Mode configured")
		}
		return map[string]any{
			"ListenPort": config.ListenPort, "ListenPortV6": config.ListenPortV6, "MTU": config.MTU,
			"PSK": config.PSK, "PersistentKeepaliveInterval": int64(config.PersistentKeepaliveInterval),
			"Mode": config.Mode,
		}, nil
	case "ipip": // pkg/backend/ipip/ipip.go
		config := struct{ DirectRouting bool }{}
		err := unmarshal(raw, &config, "error decoding IPIP backend config")
		return map[string]any{"DirectRouting": config.DirectRouting}, err
	case "udp": // pkg/backend/udp/udp_amd64.go
		config := struct{ Port int }{Port: 8285}
		err := unmarshal(raw, &config, "error decoding UDP backend config")
		return map[string]any{"Port": config.Port}, err
	case "ipsec": // pkg/backend/ipsec/ipsec.go
		config := struct {
			UDPEncap    bool
			ESPProposal string
			PSK         string
		}{ESPProposal: "aes128gcm16-sha256-prfsha256-ecp256"}
		if err := unmarshal(raw, &config, "error decoding IPSEC backend config"); err != nil {
			return nil, err
		}
		if len(config.PSK) < 96 {
			return nil, fmt.Errorf("config error, password is too short")
		}
		return map[string]any{"UDPEncap": config.UDPEncap, "ESPProposal": config.ESPProposal}, nil
	case "extension": // pkg/backend/extension/extension.go
		config := struct {
			PreStartupCommand   string
			PostStartupCommand  string
			SubnetAddCommand    string
			SubnetRemoveCommand string
		}{}
		err := unmarshal(raw, &config, "error decoding backend config")
		return map[string]any{
			"PreStartupCommand": config.PreStartupCommand, "PostStartupCommand": config.PostStartupCommand,
			"SubnetAddCommand": config.SubnetAddCommand, "SubnetRemoveCommand": config.SubnetRemoveCommand,
		}, err
	}
	// alloc and host-gw read nothing.
	return map[string]any{}, nil
}

func unmarshal(raw json.RawMessage, into any, message string) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %v", message, err)
	}
	return nil
}

// readData reads a peer's backend data as the backend of a type does when it hears of the peer.
func readData(backendType string, raw json.RawMessage) (map[string]any, error) {
	switch backendType {
	case "vxlan": // pkg/backend/vxlan/vxlan_network.go
		var data struct {
			VNI     uint32
			VtepMAC hardwareAddr
		}
		if err := json.Unmarshal(raw, &data); err != nil {
			return nil, err
		}
		return map[string]any{"VNI": data.VNI, "VtepMAC": net.HardwareAddr(data.VtepMAC).String()}, nil
	case "wireguard": // pkg/backend/wireguard/wireguard_network.go
		var data struct {
			PublicKey string
			Port      uint16
		}
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &data); err != nil {
				return nil, err
			}
		}
		return map[string]any{"PublicKey": data.PublicKey, "Port": data.Port}, nil
	case "extension": // pkg/backend/extension/extension_network.go
		var data string
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &data); err != nil {
				return nil, err
			}
		}
		return map[string]any{"text": data}, nil
	}
	return nil, nil
}

// hardwareAddr is pkg/backend/vxlan/vxlan.go's.
type hardwareAddr net.HardwareAddr

func (hw *hardwareAddr) UnmarshalJSON(bytes []byte) error {
	if len(bytes) < 2 || bytes[0] != '"' || bytes[len(bytes)-1] != '"' {
		return fmt.Errorf("error parsing hardware addr")
	}
	mac, err := net.ParseMAC(string(bytes[1 : len(bytes)-1]))
	if err != nil {
		return err
	}
	*hw = hardwareAddr(mac)
	return nil
}
