/** The shortest text of backend data that identifies a node. A shorter one may be anything. */
const shortest = 6;

/** The texts in the backend data of a lease, such as a MAC or a key. */
export function dataWords(lease: string): readonly string[] {
  const { BackendData, BackendV6Data } = JSON.parse(lease) as Readonly<Record<string, unknown>>;
  return wordsIn([BackendData, BackendV6Data]);
}

function wordsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split('\n').filter((word) => word.length >= shortest);
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(wordsIn) : [];
}
