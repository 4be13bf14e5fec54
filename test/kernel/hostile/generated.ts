import fc from 'fast-check';
import type { Json } from '../../../src/lease/lease.ts';
import { attacks } from '../../../src/lab/plan/attacks.ts';
import { encode, makeGood, type DataForm, type RawLease } from './leases.ts';

/** The rule of the command contract for text without a pattern, said once more: not by the code that is tested. */
const plain = /^[A-Za-z0-9+/][A-Za-z0-9+/=:._,@-]*$/;

function isPlain(text: string): boolean {
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    text.length <= 4096 && lines.every((line) => plain.test(line) || (lines.length === 1 && line === ''))
  );
}

/** Text that is no data: made of pieces of attacks, of whatever a keyboard or a wire can say, and of what is right. */
function hostileText(bait: string): fc.Arbitrary<string> {
  const known = attacks(bait).filter((text) => text.length < 200);
  const piece = fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom(...Array.from(' \t\n\r;|&<>()$`"\'\\*?[]#~=%!{}-^\0')),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ maxLength: 8 }),
    fc.constantFrom('weft', 'id', 'reboot', 'a+b/c=', 'loom add'),
  );
  return fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.join(''))
    .filter((text) => !isPlain(text));
}

function hostileLease(form: DataForm, bait: string): fc.Arbitrary<Readonly<Record<string, Json>> | Buffer> {
  const text = hostileText(bait);
  const anyJson = fc.jsonValue({ maxDepth: 3 }).map((value) => value as Json);
  return fc.oneof(
    { weight: 6, arbitrary: text.map((hostile) => ({ BackendData: form.wrap(hostile) })) },
    {
      weight: 1,
      arbitrary: anyJson
        .filter((data) => typeof data !== 'string' && !(form.name === 'text' && data === null))
        .map((BackendData) => ({ BackendData })),
    },
    { weight: 1, arbitrary: text.map((PublicIP) => ({ PublicIP })) },
    { weight: 1, arbitrary: fc.record({ BackendType: text, [bait]: anyJson, BackendData: text }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** So many leases that no command may be run for, each with a subnet of its own. The seed repeats them. */
export function generate(
  form: DataForm,
  bait: string,
  { count, seed, keyOf }: { readonly count: number; readonly seed: number; readonly keyOf: () => string },
): RawLease[] {
  return fc.sample(hostileLease(form, bait), { numRuns: count, seed }).map((hostile) => {
    const key = keyOf();
    return Buffer.isBuffer(hostile)
      ? { key, value: hostile }
      : encode({ ...makeGood(form, 199), key }, hostile);
  });
}
