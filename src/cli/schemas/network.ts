import * as z from 'zod/mini';
import type { UnderstoodNetwork } from '../network/run-get.ts';
import { naturalNumber, described, schemaOf } from './schema-of.ts';

/** The output of `heddle network get --json`. */
export const networkSchema = schemaOf<UnderstoodNetwork>()(
  z.strictObject({
    source: described(z.string(), 'Where the document is.'),
    document: described(z.string(), 'The document as it stands in the store.'),
    understood: described(
      z.unknown(),
      'The document as heddle understands it: each key once and in its own case, without what has no effect.',
    ),
    liberties: described(
      z.array(
        z.strictObject({ line: naturalNumber, column: naturalNumber, code: z.string(), message: z.string() }),
      ),
      'What heddle reads in another way than it is written, and other warnings.',
    ),
  }),
);
