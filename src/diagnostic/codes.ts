/**
 * Every code that a {@link Diagnostic} may carry, with what it says in general. The only such table: `docs/recipes.md`
 * repeats it for authors.
 */
export const diagnosticCodes = {
  // The text as JSON
  'json-syntax': 'The text is not JSON.',
  'json-comment': 'JSON has no comments.',
  'json-trailing-comma': 'JSON allows no comma after the last item.',
  'duplicate-key': 'A key stands twice in one object.',
  // Keys and values
  'unknown-key': 'No such key is known here.',
  'missing-key': 'A required key is absent.',
  'wrong-type': 'A value is of the wrong JSON type.',
  'out-of-bounds': 'A number, or a list, is too small or too large.',
  'unknown-choice': 'A value is none of those allowed.',
  'malformed-value': 'A text does not have the form that its key needs.',
  'unused-key': 'A key has no effect beside the others.',
  // The network
  'malformed-address': 'A text is no address, or no network.',
  'wrong-family': 'An IPv6 address stands where IPv4 is meant, or the other way round.',
  'no-family': 'Neither IPv4 nor IPv6 is enabled.',
  'network-too-small': 'The network has no room for four subnets.',
  'subnet-length': 'The length of the subnets does not fit the network.',
  'subnet-range': 'The first or the last subnet does not lie where a subnet of the network can be.',
  // Backend
  'default-backend': 'A network configuration names no backend.',
  'empty-command': 'A command has nothing to run.',
  'nul-in-command': 'A command contains a NUL character, which no shell can be given.',
  'batch-without-single': 'A batch command stands without the commands it falls back to.',
  'bad-pattern': 'A pattern is no regular expression.',
  'bad-name': 'A name cannot be made into a variable.',
  'reserved-name': 'A name, or its variable, already means something else.',
  'variable-collision': 'Two names become the same variable.',
  'parameter-bound': 'A bound of a parameter contradicts its type, or another bound.',
  'parameter-value': 'A value does not satisfy the parameter it is for.',
  // Commands, as `heddle recipe check` reads them
  'shell-syntax': 'A command is not valid shell.',
  'unset-variable': 'A variable is used where the contract does not set it.',
  'unknown-variable': 'A variable is used that nothing is known to set.',
  'no-input': 'A command reads standard input where none comes.',
  'missing-program': 'A program is not installed here.',
  'not-repeatable': 'A command goes wrong when it is run again.',
  'add-without-remove': 'What is done for a peer is never undone.',
  'unquoted-data': 'Data of another node is expanded without quotes.',
  'evaluated-data': 'Data of another node is evaluated as shell text.',
  'secret-argument': 'A secret stands on the command line of a program, for everybody to see.',
  'missing-overhead': 'A device encapsulates, and the recipe does not say how many bytes that takes.',
  'fixed-mtu': 'A device is given an MTU that does not follow the interface’s.',
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof diagnosticCodes;
