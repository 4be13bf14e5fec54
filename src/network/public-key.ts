/** 32 bytes of zeros in base64: the form of a key of Curve25519, which WireGuard uses. */
const zeroKey = `${'A'.repeat(43)}=`;

/** Why a text that has the form of a public key cannot be that of a node, as a clause; undefined if it can, and for any other text. */
export function describeUnusableKey(text: string): string | undefined {
  return text === zeroKey ? 'a key of zeros, which no node can have' : undefined;
}
