const macForm = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

/** Why a text that is a MAC address cannot be that of a device, as a clause; undefined if it can, and for any other text. */
export function describeUnusableMac(text: string): string | undefined {
  if (!macForm.test(text)) return undefined;
  const digits = text.toLowerCase();
  if (digits === '00:00:00:00:00:00') return 'the zero MAC address, which no device can have';
  if (digits === 'ff:ff:ff:ff:ff:ff') return 'the broadcast MAC address, which no device can have';
  // The lowest bit of the first byte.
  const isGroup = Number.parseInt(digits.slice(0, 2), 16) % 2 === 1;
  return isGroup ? 'a multicast MAC address, which no device can have' : undefined;
}
