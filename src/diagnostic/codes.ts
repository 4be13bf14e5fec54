/**
 * Every code that a {@link Diagnostic} may carry, with what it says in general. The only such table: `docs/recipes.md`
 * repeats it for authors.
 */
export const diagnosticCodes = {
  // The text as JSON
  'json-syntax': 'The text is not valid JSON.',
  'json-comment': 'JSON does not allow comments.',
  'json-trailing-comma': 'JSON does not allow a comma after the last item.',
  'duplicate-key': 'An object has the same key twice.',
  // Keys and values
  'unknown-key': 'A key is not known.',
  'missing-key': 'A required key is missing.',
  'wrong-type': 'A value has the wrong JSON type.',
  'out-of-bounds': 'A number, or a list, is too small or too large.',
  'unknown-choice': 'A value is not allowed.',
  'malformed-value': 'A string does not have the form that its key needs.',
  'unused-key': 'A key does not have an effect together with the other keys.',
  // The network
  'malformed-address': 'A string is not an address, or not a network.',
  'wrong-family': 'An IPv6 address is used instead of an IPv4 address, or the other way round.',
  'no-family': 'Neither IPv4 nor IPv6 is enabled.',
  'network-too-small': 'The network does not have room for four subnets.',
  'unusable-network': 'The network overlaps addresses that each host has for itself, or multicast.',
  'subnet-length': 'The prefix length of the subnets does not fit the network.',
  'subnet-range': 'The first or last subnet is not a subnet of the network, or the last is before the first.',
  // A network configuration that was written for flannel
  'other-case': 'A key or a type has other capital letters.',
  'repeated-key': 'A key is there more than once, and the last one counts.',
  'passed-over': 'A key has no effect.',
  'address-form': 'A network or an address is read in another form.',
  'no-value': 'A value counts as none.',
  // Backend
  'default-backend': 'A network configuration does not name a backend.',
  'empty-command': 'A command is empty.',
  'nul-in-command': 'A command contains a NUL character.',
  'batch-without-single': 'The recipe has a batch command, but an add or remove command is missing.',
  'bad-pattern': 'A pattern is not a regular expression.',
  'unsupported-pattern': 'A pattern has a part that heddle cannot match in linear time.',
  'slow-pattern': 'A pattern repeats a part that is itself a repeat.',
  'bad-name': 'A name cannot become a variable.',
  'reserved-name': 'A name, or its variable, is already in use.',
  'variable-collision': 'Two names become the same variable.',
  'parameter-bound': 'A limit of a parameter contradicts its type or another limit.',
  'parameter-value': 'A value does not fit its parameter.',
  // Commands, as `heddle recipe check` reads them
  'shell-syntax': 'A command is not valid shell.',
  'unset-variable': 'A command uses a variable that the contract does not set for it.',
  'unknown-variable': 'A command uses a variable that heddle does not know.',
  'no-input': 'A command reads standard input, but its standard input is empty.',
  'missing-program': 'A program is not installed on this machine.',
  'not-repeatable': 'A command fails when it runs again.',
  'not-portable': 'A command uses something that dash, BusyBox and bash treat differently.',
  'add-without-remove': 'The recipe adds entries for a peer, but never removes them.',
  'unquoted-data': 'A command expands data of another node without quotes.',
  'evaluated-data': 'A command runs data of another node as shell text.',
  'secret-argument': 'A secret is on the command line of a program, where every user can see it.',
  'missing-overhead': 'A device encapsulates packets, but the recipe does not say how many bytes it adds.',
  'kills-by-name': 'A command ends processes by their name.',
  'background-command': 'A command runs a part of itself in the background.',
  'fixed-mtu': 'A command sets the MTU of a device to a fixed number.',
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof diagnosticCodes;
