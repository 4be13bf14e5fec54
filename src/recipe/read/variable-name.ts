/** The allowed names of parameters and fields: every shell can read the variables that they become. */
export const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

/**
 * The environment variable of a name: its words in capitals, joined by underscores. A word begins at a capital that
 * follows a small letter or digit, and at the last of several capitals before a small letter; `IPv4` and `IPv6` hold
 * together. `DirectRouting` → `DIRECT_ROUTING`, `ESPProposal` → `ESP_PROPOSAL`, `PublicIPv6` → `PUBLIC_IPV6`.
 */
export function variableName(name: string): string {
  return name
    .replaceAll(/IPv(?=[46])/g, 'IPV')
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '_')
    .toUpperCase();
}
