FLANNEL_ETCD=http://127.0.0.1:2379
FLANNEL_ETCD_KEY=/coreos.com/network
FLANNEL_OPTIONS='--iface-regex "^eth" --iptables-forward-rules=F'
