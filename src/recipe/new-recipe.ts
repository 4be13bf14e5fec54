/**
 * The text of a recipe to begin with: every command that most overlays need, each saying what it is for. It works as it
 * is: peers on the same link are reached by plain routes.
 */
export function renderNewRecipe(type: string): string {
  const recipe = {
    Network: '10.50.0.0/16',
    Backend: {
      Type: type,
      Overhead: 0,
      PreStartupCommand: [
        '# Runs first, before this node has a subnet. Create devices here, with $MTU as their MTU. Every peer receives',
        '# the standard output as backend data, such as a key or a MAC address. This overlay does not need any.',
        'ip link show dev "$IFACE" up >&2',
      ],
      PostStartupCommand: [
        '# Runs when this node has its subnet, $SUBNET. Give devices their addresses here, and bring them up.',
        'echo "this node has $SUBNET and reaches its peers through $IFACE" >&2',
      ],
      SubnetAddCommand: [
        '# Runs for each peer. It may run again for an existing peer, so use replace, never add.',
        'ip route replace "$SUBNET" via "$PUBLIC_IP" dev "$IFACE"',
      ],
      SubnetRemoveCommand: [
        '# Undoes SubnetAddCommand. It must succeed if there is nothing to undo.',
        'if [ -n "$(ip route show exact "$SUBNET" via "$PUBLIC_IP")" ]; then',
        '  ip route delete "$SUBNET" via "$PUBLIC_IP"',
        'fi',
      ],
      ShutdownCommand: [
        '# Runs last, after every peer was removed. Delete the devices here.',
        'echo "this node has left $NETWORK" >&2',
      ],
      CheckCommand: [
        '# Prints the subnet of each peer that is in place. heddle adds missing peers again. If this command fails,',
        '# heddle considers the network broken, and builds it again.',
        'ip route show root "$NETWORK" dev "$IFACE" | awk \'$2 == "via" { print $1 }\'',
      ],
    },
  };
  return `${JSON.stringify(recipe, undefined, 2)}\n`;
}
