import type { HeddleEvent } from './event.ts';
import type { CommandTrouble } from './trouble.ts';

/** The subject of an event that one cause can bring about many times, and the cause. */
interface Repeatable {
  /** The peer, lease or entry that the event is about; undefined if it is about the node. */
  readonly about: string | undefined;
  /** Equal for events with the same cause. */
  readonly cause: string;
}

/** The events of work that is done again and again, for as long as it fails. */
export type WorkEvent = Extract<
  HeddleEvent,
  { event: 'peer-failed' | 'monitor-ended' | 'command-finished' | 'command-failed' }
>;

/** Determines what such an event is about and what caused it. */
export function describeWork(event: WorkEvent): Repeatable {
  switch (event.event) {
    case 'peer-failed':
      return {
        ...causeOf(event.event, event.peer.subnet, event.operation + nameTrouble(event.trouble)),
        about: event.peer.subnet,
      };
    case 'monitor-ended':
      return causeOf(event.event, undefined, `${event.how}\n${event.stderr}`);
    case 'command-finished':
      return causeOf(event.event, undefined, `${event.command}\n${event.stderr}`);
    case 'command-failed':
      return causeOf(event.event, undefined, nameTrouble(event.trouble));
  }
}

/** Determines what an event is about and what caused it; undefined for an event that is always worth a line of its own. */
export function describeCause(event: HeddleEvent): Repeatable | undefined {
  switch (event.event) {
    case 'store-fault':
      return causeOf(event.event, event.where, event.because);
    case 'lease-rejected':
      return causeOf(event.event, event.key, event.because);
    case 'peer-failed':
    case 'monitor-ended':
      return describeWork(event);
    case 'peer-added':
    case 'peer-removed':
      // What a command printed although it succeeded is often the same for each peer.
      if (event.stderr === '') return undefined;
      return {
        ...causeOf(event.event, event.peer.subnet, event.stderr.replaceAll(event.peer.publicIp, '')),
        about: event.peer.subnet,
      };
    case 'batch-failed':
      return causeOf(event.event, undefined, nameTrouble(event.trouble));
    case 'peer-displaced':
      return causeOf(event.event, event.peer.subnet, '');
    case 'concern':
      return causeOf(event.event, event.about, event.kind);
    case 'concern-ended':
      return causeOf(event.event, event.about, event.kind);
    case 'part-broken':
    case 'part-failed':
      return causeOf(event.event, event.part, event.because);
    case 'warning':
      return causeOf(event.event, undefined, event.message);
    default:
      return undefined;
  }
}

function causeOf(event: string, about: string | undefined, because: string): Repeatable {
  const withoutSubject = about === undefined || about === '' ? because : because.replaceAll(about, '');
  return { about, cause: `${event} ${withoutNumbers(withoutSubject)}` };
}

function nameTrouble({ command, how, where, text, stderr }: CommandTrouble): string {
  return [command, how, where?.file, where?.line, text, stderr].join('\n');
}

/** A text without what differs between events of one cause: addresses, MACs, counts, and what is quoted. */
function withoutNumbers(text: string): string {
  return text.slice(0, 1000).replace(/`[^`]*`|[0-9a-f:]*\d[0-9a-f:]*/gi, '#');
}
