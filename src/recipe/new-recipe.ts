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
        '# Runs first, before this node has a subnet. Make devices here, with $MTU as their MTU. What is printed on',
        '# standard output becomes the backend data that every peer is given: a key, a MAC. This overlay has none.',
        'ip link show dev "$IFACE" up >&2',
      ],
      PostStartupCommand: [
        '# Runs once this node has its subnet, $SUBNET. Give devices their address here, and bring them up.',
        'echo "this node has $SUBNET and reaches its peers through $IFACE" >&2',
      ],
      SubnetAddCommand: [
        '# Runs for each peer. It may run again for a peer that is there: replace, never add.',
        'ip route replace "$SUBNET" via "$PUBLIC_IP" dev "$IFACE"',
      ],
      SubnetRemoveCommand: [
        '# Undoes SubnetAddCommand. That there is nothing to undo is fine.',
        'if [ -n "$(ip route show exact "$SUBNET" via "$PUBLIC_IP")" ]; then',
        '  ip route delete "$SUBNET" via "$PUBLIC_IP"',
        'fi',
      ],
      ShutdownCommand: [
        '# Runs last, after every peer was removed. Delete the devices here.',
        'echo "this node has left $NETWORK" >&2',
      ],
      CheckCommand: [
        '# Prints the subnet of each peer that is in place. What is missing is then added again. To fail here means that',
        '# the network itself is broken, and has to be built again.',
        'ip route show root "$NETWORK" dev "$IFACE" | awk \'$2 == "via" { print $1 }\'',
      ],
    },
  };
  return `${JSON.stringify(recipe, undefined, 2)}\n`;
}
