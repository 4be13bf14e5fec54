/**
 * The devices that a module of the kernel adds to every network namespace when it is loaded: those for packets that no other device of their
 * kind takes. No command makes them, and nobody can delete them.
 */
const fallbackDevices: ReadonlySet<string> = new Set([
  ...['tunl0', 'sit0', 'gre0', 'gretap0', 'erspan0', 'ip_vti0', 'ip6tnl0', 'ip6gre0', 'ip6_vti0'],
]);

/** Whether a module of the kernel has added this device by itself. */
export function isFallbackDevice(name: string): boolean {
  return fallbackDevices.has(name);
}
