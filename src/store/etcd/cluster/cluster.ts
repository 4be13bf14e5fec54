import type { Etcd3 } from 'etcd3';

import type { Endpoint } from '../endpoint.ts';
import { explainStatus, statusOf, etcdStoreError, type MemberFailure } from '../errors.ts';
import type { WatchStream } from './connection.ts';
import { EtcdMember, type MemberAccess } from './member.ts';
import { StoreError } from '../../store.ts';

/**
 * The members of a cluster. Requests go to one member for as long as it answers, then to the next. Every failure leaves this class as a
 * {@link StoreError}.
 */
export class Cluster {
  readonly #members: readonly EtcdMember[];
  #current = 0;
  #isClosed = false;

  /** @param endpoints the members in the order of the tries; at least one */
  constructor(endpoints: readonly Endpoint[], access: MemberAccess) {
    this.#members = endpoints.map((endpoint) => new EtcdMember(endpoint, access));
  }

  /**
   * Makes a request that may run twice, because a member may execute it and fail before it answers.
   *
   * @param action completes "cannot", for messages
   */
  async request<T>(action: string, request: (client: Etcd3) => Promise<T>): Promise<T> {
    const failures: MemberFailure[] = [];
    for (const member of this.#membersInTurn()) {
      this.#requireOpen(action);
      try {
        return await member.request(request);
      } catch (error) {
        const failure = this.#judge(action, member, error);
        if (!failure.meaning.isMembersOwn) throw etcdStoreError(action, [failure]);
        failures.push(failure);
        this.#moveOn(member);
      }
    }
    throw etcdStoreError(action, failures);
  }

  /** Opens a stream of watches to the current member. Pass later failures of the stream to {@link fail}. */
  async openWatch(action: string): Promise<{ readonly member: EtcdMember; readonly stream: WatchStream }> {
    this.#requireOpen(action);
    const [member] = this.#membersInTurn();
    if (member === undefined) throw new RangeError('a cluster without members');
    try {
      return { member, stream: await member.openWatch() };
    } catch (error) {
      throw this.fail(action, member, error);
    }
  }

  /** Explains the failed stream of a member. The next request goes to another member. */
  fail(action: string, member: EtcdMember, error: unknown): StoreError {
    const failure = this.#judge(action, member, error);
    this.#moveOn(member);
    return etcdStoreError(action, [failure]);
  }

  close(): void {
    this.#isClosed = true;
    for (const member of this.#members) member.close();
  }

  #membersInTurn(): EtcdMember[] {
    return [...this.#members.slice(this.#current), ...this.#members.slice(0, this.#current)];
  }

  /** Changes to the next member, unless another request did so already. */
  #moveOn(from: EtcdMember): void {
    if (this.#members[this.#current] !== from) return;
    this.#current = (this.#current + 1) % this.#members.length;
  }

  /** Judges the error of a member. Throws any other error: a bug, or the closing of the store. */
  #judge(action: string, member: EtcdMember, error: unknown): MemberFailure {
    this.#requireOpen(action);
    const status = statusOf(error);
    if (status === undefined) throw error;
    return {
      endpoint: member.endpoint,
      meaning: explainStatus(status, member.endpoint, member.requestMs),
      cause: error,
    };
  }

  #requireOpen(action: string): void {
    if (this.#isClosed) throw new StoreError(`cannot ${action}: the store was closed`, { retryable: false });
  }
}
