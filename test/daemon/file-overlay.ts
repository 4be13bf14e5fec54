/**
 * A recipe whose overlay is files of the state directory: `device`, and `peer-10.50.4.0` for a peer's entries. Each command notes in
 * `log` that it runs. It fails while there is a file of its name and `.fails`, and hangs while there is one of its name and `.hangs`.
 */
export const fileOverlay = {
  Type: 'extension',
  Overhead: 50,
  PreStartupCommand: [...note('pre-startup'), 'cat data 2>/dev/null || echo data-1'],
  PostStartupCommand: [...note('post-startup $SUBNET'), 'echo up > device'],
  SubnetAddCommand: [...note('add $SUBNET'), 'cat > "peer-${SUBNET%/*}"'],
  SubnetRemoveCommand: [...note('remove $SUBNET'), 'rm -f "peer-${SUBNET%/*}"'],
  ShutdownCommand: [...note('shutdown $SUBNET'), 'rm -f device'],
} as const;

/** Prints each peer that has its file with what this peer should have in it. Without the device the network is broken. */
export const fileCheck = [
  'echo check >> check-log',
  'test -e device',
  'tab=$(printf "\\t")',
  'while IFS="$tab" read -r verb subnet rest; do if test -e "peer-${subnet%/*}"; then echo "$subnet"; fi; done',
  'for file in stranger-*; do if test -e "$file"; then echo "${file#stranger-}/24"; fi; done',
] as const;

function note(words: string): string[] {
  const [name = ''] = words.split(' ');
  return [
    `echo "${words}" >> log`,
    `if test -e ${name}.hangs; then exec sleep 300; fi`,
    `if test -e ${name}.fails; then echo "${name} has no room" >&2; exit 3; fi`,
  ];
}
