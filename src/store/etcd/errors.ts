import { showInvisible } from '../../diagnostic/visible-text.ts';
import { formatDuration } from '../../diagnostic/words.ts';
import { StoreError } from '../store.ts';
import { isSecure, type Endpoint } from './endpoint.ts';

/** The failure of a request: gRPC's status code, and the details from grpc-js or etcd. */
interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** A status that did not come from etcd3. */
export class StatusError extends Error implements GrpcStatus {
  override readonly name = 'StatusError';
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

/** The codes of gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const statusCode = {
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** etcd's message for a revision that it no longer knows. */
const compacted = 'required revision has been compacted';

/**
 * The status behind an error of etcd3 or grpc-js, which both write `14 UNAVAILABLE: details`. Undefined for any other error, which is a
 * defect.
 */
export function statusOf(error: unknown): GrpcStatus | undefined {
  if (error instanceof StatusError) return error;
  if (!(error instanceof Error)) return undefined;
  const [, code, details] = /^(\d+) [A-Z_]+: (.*)$/s.exec(error.message) ?? [];
  return code === undefined || details === undefined ? undefined : { code: Number(code), details };
}

export function isCompacted(error: unknown): boolean {
  return statusOf(error)?.details.includes(compacted) ?? false;
}

export function isPermissionDenied({ details }: GrpcStatus): boolean {
  return details.includes('permission denied');
}

/** The meaning of a status for a store. */
interface StatusMeaning {
  /** The reason as a predicate whose subject is the member: `refuses connections`. */
  readonly reason: string;
  readonly retryable: boolean;
  /** Whether another member may answer a request that this one did not. */
  readonly isMembersOwn: boolean;
  readonly hint?: string;
}

interface Rule extends StatusMeaning {
  readonly pattern: RegExp;
}

const checkAuthority =
  'give --etcd-cafile the PEM file of the authority (CA) that signed the certificates of the etcd members';
const checkIdentity =
  'give --etcd-certfile and --etcd-keyfile a certificate and its key that the etcd members accept';
const freeSpace = 'compact and defragment etcd, then clear its alarm: etcdctl alarm disarm';

/** The rules for known details. The first that matches counts. */
const rules: readonly Rule[] = [
  // The operator must fix these errors, and every member has them.
  ...refusals([
    [
      /invalid user ID or password/,
      'refuses the user name or the password',
      'check both with etcdctl --user NAME user get NAME',
    ],
    [
      /user name is empty/,
      'asks for a user name and a password',
      'give those of an etcd user with --etcd-username and --etcd-password-file',
    ],
    [
      /permission denied/,
      'denies permission',
      'grant the role of the etcd user (or of the client certificate) readwrite permission on all keys under the prefix',
    ],
    [/database space exceeded/, 'has used up its database space', freeSpace],
  ]),
  // The operator must fix these errors, too, but another member may be configured correctly.
  ...misfits([
    [
      /unable to (?:verify|get)|self[- ]signed certificate/,
      'has a certificate from an unknown authority',
      checkAuthority,
    ],
    [
      /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate/,
      'has a certificate for another name',
      'use a name from the certificate in the endpoint, or add the name to the certificate',
    ],
    [
      /certificate has expired/,
      'has a certificate that has expired',
      'renew it, and check the clock of this machine',
    ],
    [
      /certificate is not yet valid/,
      'has a certificate that is not valid yet',
      'check the clocks of both machines',
    ],
    // RFC 8446, section 6.2: bad_certificate to unknown_ca, and certificate_required.
    [
      /SSL alert number (?:4[2-8]|116)\b/,
      'asks for a client certificate, or does not accept the one given',
      checkIdentity,
    ],
    [/wrong version number|packet length too long/, 'does not speak TLS', 'write http:// for this endpoint'],
  ]),
  // These errors pass by themselves.
  ...outages([
    [/ECONNREFUSED/, 'refuses connections'],
    [/ENETUNREACH|EHOSTUNREACH|EHOSTDOWN/, 'cannot be reached: no route to host'],
    [/ETIMEDOUT/, 'cannot be reached: the connection timed out'],
    [/ENOTFOUND|EAI_AGAIN|[Nn]ame resolution failed/, 'has a name that cannot be resolved'],
    [/no leader/, 'does not have a leader: most members of the cluster are down'],
    [/leader changed/, 'changed its leader during the request'],
    [/request timed out/, 'did not complete the request in its cluster in time'],
    [/too many requests/, 'has too many requests'],
    [/server stopped/, 'is stopping'],
    [/invalid auth token|revision of auth store is old|token refused/, 'refused its own token'],
    [/requested lease not found/, 'lost a lease that it had granted'],
    [new RegExp(compacted), 'compacts revisions faster than heddle can read them'],
  ]),
];

type RuleLine = readonly [pattern: RegExp, reason: string, hint?: string];

function refusals(lines: readonly RuleLine[]): Rule[] {
  return lines.map((line) => toRule(line, false, false));
}

function misfits(lines: readonly RuleLine[]): Rule[] {
  return lines.map((line) => toRule(line, false, true));
}

function outages(lines: readonly RuleLine[]): Rule[] {
  return lines.map((line) => toRule(line, true, true));
}

function toRule([pattern, reason, hint]: RuleLine, retryable: boolean, isMembersOwn: boolean): Rule {
  return { pattern, reason, retryable, isMembersOwn, ...(hint !== undefined && { hint }) };
}

/** The details of a closed connection. A member closes it if only one side speaks TLS. */
const hangsUp =
  /^No connection established.*(?:ECONNRESET|EPIPE|before secure TLS connection|Failed to connect)/s;

/** Explains the status of a request of at most `requestMs` milliseconds. Its code decides only if the details are unknown. */
export function explainStatus(
  { code, details }: GrpcStatus,
  endpoint: Endpoint,
  requestMs: number,
): StatusMeaning {
  if (hangsUp.test(details)) {
    const hint = isSecure(endpoint)
      ? 'if it does not speak TLS, write http:// for this endpoint'
      : 'if it speaks TLS, write https:// for this endpoint';
    return { reason: 'closes connections immediately', retryable: true, isMembersOwn: true, hint };
  }
  const rule = rules.find(({ pattern }) => pattern.test(details));
  if (rule !== undefined) return rule;
  switch (code) {
    case statusCode.deadlineExceeded:
      return {
        reason: `did not answer within ${formatDuration(requestMs)}`,
        retryable: true,
        isMembersOwn: true,
        hint: 'check with etcdctl endpoint status whether it is up, and whether a firewall drops packets on the way',
      };
    case statusCode.unimplemented:
      return {
        reason: 'is not an etcd that heddle can use',
        retryable: false,
        isMembersOwn: true,
        hint: 'use etcd 3.4 or newer, and its client port',
      };
    case statusCode.unavailable:
    case statusCode.cancelled:
    case statusCode.unknown:
    case statusCode.internal:
      return { reason: `is unavailable: ${tidy(details)}`, retryable: true, isMembersOwn: true };
    default:
      return { reason: `refused: ${tidy(details)}`, retryable: false, isMembersOwn: false };
  }
}

/** Removes the parts of grpc-js's and etcd's wording that do not help an operator. */
function tidy(details: string): string {
  const core = details
    .replace(/^No connection established\. Last error: (?:Error: )?/, '')
    .replace(/\. Resolution note:.*$/s, '')
    .replace(/^etcdserver: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return showInvisible(core.length > 200 ? `${core.slice(0, 200)}…` : core);
}

export interface MemberFailure {
  readonly endpoint: Endpoint;
  readonly meaning: StatusMeaning;
  readonly cause: unknown;
}

/**
 * Makes one error from the failures of all members. `action` completes "cannot": `list the leases`. The error is retryable if any of the
 * members may come back.
 */
export function etcdStoreError(action: string, failures: readonly MemberFailure[]): StoreError {
  const reasons = failures.map(({ endpoint, meaning }) => `etcd at ${endpoint} ${meaning.reason}`);
  const retryable = failures.some(({ meaning }) => meaning.retryable);
  const hint = failures.map(({ meaning }) => meaning.hint).find((text) => text !== undefined);
  return new StoreError(`cannot ${action}: ${reasons.join('; ')}`, {
    retryable,
    cause: failures[0]?.cause,
    ...(hint !== undefined && { hint }),
  });
}
