/**
 * The one type of the platform, apart from ECMAScript's own, that pure code may name: contracts say with it that a wait can
 * be ended. Where Node's types are there as well, both are one interface.
 */
interface AbortSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
}
