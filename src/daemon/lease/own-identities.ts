import { identitiesOf, type Identity } from '../../lease/identities.ts';
import { decodeLease } from '../../lease/wire.ts';
import type { BackendDataFormat } from '../../recipe/recipe.ts';
import type { OwnLease } from './own-lease.ts';

/** The MAC addresses and keys in this node's own lease, which a rebuilt device may change. */
export class OwnIdentities {
  readonly #own: Pick<OwnLease, 'key' | 'value'>;
  readonly #format: BackendDataFormat;
  #known: { readonly value: string; readonly identities: readonly Identity[] } | undefined;

  constructor(own: Pick<OwnLease, 'key' | 'value'>, format: BackendDataFormat) {
    this.#own = own;
    this.#format = format;
  }

  /** The identities in the lease as it is now. */
  get now(): readonly Identity[] {
    const { key, value } = this.#own;
    if (this.#known?.value === value) return this.#known.identities;
    const decoded = decodeLease({ key, value, expiresAt: undefined });
    const identities = decoded.kind === 'lease' ? identitiesOf(decoded.lease.attributes, this.#format) : [];
    this.#known = { value, identities };
    return identities;
  }
}
