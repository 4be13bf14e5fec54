import { quote } from 'shell-quote';

/**
 * The command that writes the network configuration of a store, for hints: an operator can copy it, and replaces FILE.
 *
 * @param options the options that name the store
 */
export function networkSetCommand(options: readonly string[]): string {
  return quotePlainly(['heddle', 'network', 'set', ...options, 'FILE']);
}

/** Quotes the words of a command, but leaves a URL and a list as they are: shell-quote escapes their colons and commas. */
export function quotePlainly(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : quote([word]))).join(' ');
}
