import * as z from 'zod/mini';
import { exitCodes, type FailureKind } from '../../diagnostic/failure.ts';
import { familyChoices, underlays } from '../../lab/plan/request.ts';
import type { LabListing } from '../../lab/ps.ts';
import type { VerifyReport } from '../../lab/verify/report.ts';
import type { WatchReport } from '../../lab/report/author-report.ts';
import type { LabReport, LabUpReport } from '../../lab/report/report.ts';
import type { LinkListing } from '../../lab/underlay/impair.ts';
import type { ScenarioReport } from '../../lab/report/scenario-report.ts';
import { naturalNumber, described, schemaOf } from './schema-of.ts';

const milliseconds = z.number().check(z.gte(0));
const recipeName = described(z.string(), 'The name of the recipe.');
const recipeArgument = described(z.string(), 'The recipe as it was named on the command line.');

const node = {
  name: z.string(),
  publicIp: described(z.string(), 'The address on the underlay.'),
  subnet: described(z.nullable(z.string()), 'Null if the node has no lease.'),
  pod: described(z.nullable(z.string()), 'The address of the pod; null if the node has no lease.'),
  publicIpv6: z.exactOptional(described(z.string(), 'Present if the overlay has both families.')),
  ipv6Subnet: z.exactOptional(described(z.string(), 'Present if the overlay has both families.')),
  ipv6Pod: z.exactOptional(described(z.string(), 'Present if the overlay has both families.')),
  mtu: described(
    z.nullable(naturalNumber),
    'The MTU of the overlay in bytes; null if the node is not ready.',
  ),
  program: z.exactOptional(described(z.literal('flanneld'), 'Present if a flanneld runs on the node.')),
};
const nodes = z.array(z.strictObject(node));

const path = z.strictObject({
  family: z.union([z.literal(4), z.literal(6)]),
  address: described(z.string(), 'The address of the other pod.'),
  rttMs: described(z.nullable(milliseconds), 'The round-trip time; null if no answer came.'),
  tcp: described(z.nullable(z.boolean()), 'Whether 1 MiB arrived each way over TCP; null if not tried.'),
  mtuPasses: described(
    z.nullable(z.boolean()),
    'Whether a packet of exactly the MTU arrived without fragments; null if not tried.',
  ),
  oversizeFails: described(
    z.nullable(z.boolean()),
    'Whether a packet of one byte more was refused; null if not tried.',
  ),
  reason: z.exactOptional(described(z.string(), 'Why the path failed; absent if it is good.')),
});

const pairs = z.array(
  z.strictObject({
    from: z.string(),
    to: z.string(),
    ok: z.boolean(),
    rttMs: described(
      z.nullable(milliseconds),
      'The round-trip time of the first family; null if no answer came.',
    ),
    reason: z.exactOptional(described(z.string(), 'Why the pair failed; absent if `ok` is true.')),
    paths: described(z.array(path), 'One path for each address family.'),
  }),
);

const reasons = z.array(z.string());
const readyMs = described(
  z.nullable(milliseconds),
  'Milliseconds from the start of the first daemon until every node knew every other; null if that never happened.',
);

/** The output of `heddle lab run --json`. */
export const runSchema = schemaOf<LabReport>()(
  z.strictObject({
    recipe: recipeName,
    passed: z.boolean(),
    readyMs,
    nodes,
    pairs,
    leftovers: described(z.array(z.string()), 'What nodes still held after their daemons had stopped.'),
    kept: described(
      z.array(z.string()),
      'The same, for a recipe without ShutdownCommand, which is meant to leave it.',
    ),
    reasons: described(reasons, 'Why the lab failed, one sentence each; empty if it passed.'),
  }),
);

/** The output of `heddle lab run --scenario --json`. */
export const scenarioSchema = schemaOf<ScenarioReport>()(
  z.strictObject({
    scenario: described(z.string(), 'The name of the scenario: its file without `.json`.'),
    recipe: recipeName,
    passed: z.boolean(),
    readyMs,
    nodes,
    steps: z.array(
      z.strictObject({
        number: described(naturalNumber, 'The number of the step, from 1.'),
        line: described(naturalNumber, 'The line of the step in the scenario, from 1.'),
        kind: z.enum([
          'stop',
          'kill',
          'start',
          'start-with',
          'cut',
          'join',
          'impair',
          'ping',
          'pause',
          'run',
          'put-lease',
          'delete-lease',
          'change-recipe',
          'wait',
          'expect',
        ]),
        text: described(z.string(), 'The title of the step, or what it does.'),
        outcome: described(
          z.enum(['done', 'failed', 'skipped']),
          '`skipped`: not tried, because an earlier step failed.',
        ),
        note: described(
          z.nullable(z.string()),
          'The result, or the reason of a failure, as a clause; null if there is nothing to say.',
        ),
        detail: described(
          z.nullable(z.string()),
          'The end of the output of a command that failed; null without one.',
        ),
        tookMs: milliseconds,
      }),
    ),
    leftovers: described(z.array(z.string()), 'What nodes still held after their networks were taken down.'),
    kept: described(
      z.array(z.string()),
      'The same, for a recipe without ShutdownCommand, which is meant to leave it.',
    ),
    reasons: described(reasons, 'Why the scenario failed, one sentence each; empty if it passed.'),
  }),
);

/** The output of `heddle lab up --json`. */
export const upSchema = schemaOf<LabUpReport>()(
  z.strictObject({
    name: described(z.string(), 'The name of the lab.'),
    recipe: recipeArgument,
    readyMs,
    nodes,
  }),
);

const trouble = z.strictObject({
  node: z.string(),
  kind: described(
    // The table has no other keys; TypeScript does not say so of Object.keys.
    z.enum(Object.keys(exitCodes) as FailureKind[]),
    'The kind of failure, from the table of exit codes in docs/operations.md.',
  ),
  message: z.string(),
  hint: z.exactOptional(z.string()),
  detail: z.exactOptional(described(z.string(), 'The end of what the daemon or a command printed.')),
});

const change = z.strictObject({
  step: described(
    z.enum(['nothing', 'swap', 'peers', 'node']),
    'What the nodes did: nothing; took the new recipe; applied their peers again; were built again.',
  ),
  because: z.nullable(z.string()),
});

const findings = described(z.string(), 'The findings about the recipe, as text for people.');

const underlay = described(z.enum([...underlays, 'file']), '`file`: the topology of `--topology`.');
const families = z.enum(familyChoices);

/** The output of `heddle lab verify --json`. */
export const verifySchema = schemaOf<VerifyReport>()(
  z.strictObject({
    recipe: recipeName,
    passed: described(z.boolean(), 'Whether every promise is kept.'),
    families: described(z.array(families), 'The families that were verified, each in labs of its own.'),
    underlays: z.array(underlay),
    promises: z.array(
      z.strictObject({
        id: described(z.string(), 'The row, as `--only` names it.'),
        promise: z.string(),
        kept: described(z.boolean(), 'Whether no try broke the promise.'),
        tries: z.array(
          z.strictObject({
            underlay,
            families,
            outcome: described(
              z.enum(['kept', 'expected', 'broken']),
              '`expected`: not kept, and not meant to be kept in this lab.',
            ),
            note: described(z.string(), 'What was tried, or why the promise is not kept, as a clause.'),
            where: described(
              z.nullable(z.strictObject({ file: z.string(), line: z.int().check(z.minimum(1)) })),
              'The line of the recipe to look at; null unless broken.',
            ),
            add: described(
              z.nullable(z.string()),
              'The key that the recipe needs for this promise; null if it does not lack one.',
            ),
            tookMs: milliseconds,
          }),
        ),
      }),
    ),
    tookMs: milliseconds,
  }),
);

/** A line of the output of `heddle lab up --watch --json`. */
export const watchSchema = schemaOf<WatchReport>()(
  z.union([
    z.strictObject({
      recipe: recipeArgument,
      passed: z.boolean(),
      change: described(z.nullable(change), 'Null in the first line, and if no node took the recipe.'),
      appliedMs: described(z.nullable(milliseconds), 'Milliseconds until every node ran the recipe.'),
      tookMs: described(
        z.nullable(milliseconds),
        'Milliseconds from the save until the pods were probed again; null in the first line.',
      ),
      nodes,
      pairs,
      reasons: described(reasons, 'Why pairs failed, one sentence each.'),
      troubles: described(z.array(trouble), 'Nodes that refused the recipe, or could not run it.'),
      findings,
    }),
    z.strictObject({
      recipe: recipeArgument,
      passed: z.literal(false),
      refused: described(z.string(), 'Why the nodes keep the recipe that they have.'),
      findings,
    }),
  ]),
);

const host = {
  name: z.string(),
  publicIp: z.string(),
  addresses: described(
    z.array(z.string()),
    'The own addresses on the underlay, those of the main link first.',
  ),
  daemon: z.enum(['starting', 'ready', 'stopping', 'stopped', 'failed']),
  pid: described(
    z.nullable(naturalNumber),
    'The process in the lab’s PID namespace; null if it does not run.',
  ),
  link: z.enum(['joined', 'cut']),
  ended: described(z.nullable(z.string()), 'How the program ended; null if it has not.'),
  holderPid: described(
    naturalNumber,
    'The process in the lab’s PID namespace that holds the host’s namespaces.',
  ),
};

/** The output of `heddle lab ps --json`. */
export const psSchema = schemaOf<LabListing>()(
  z.strictObject({
    name: described(z.string(), 'The name of the lab.'),
    recipe: recipeName,
    store: described(
      z.strictObject({
        kind: described(z.string(), 'The value of `--store`.'),
        options: described(
          z.record(z.string(), z.string()),
          'The other options that choose the store, with their values.',
        ),
        variables: described(
          z.record(z.string(), z.string()),
          'The same as variables, as commands in the lab have them, and those of the store’s own tools.',
        ),
      }),
      'The lease store as nodes reach it. Paths are those that a node sees.',
    ),
    nodes: z.array(z.strictObject({ ...host, ...node })),
    server: described(
      z.nullable(z.strictObject(host)),
      'The host of the store’s server; null if the store does not have one.',
    ),
    routers: z.array(
      z.strictObject({
        name: z.string(),
        addresses: z.array(z.string()),
        holderPid: host.holderPid,
        nat: described(
          z.nullable(
            z.strictObject({
              interface: described(z.string(), 'The interface outside.'),
              addresses: z.array(
                z.strictObject({
                  outside: described(z.string(), 'The address of the router outside.'),
                  inside: described(
                    z.nullable(z.string()),
                    'The address of the node that gets the packets for it; null if no node does.',
                  ),
                }),
              ),
            }),
          ),
          'The translation of addresses; null without NAT.',
        ),
      }),
    ),
  }),
);

/** The output of `heddle lab impair --json`. */
export const impairSchema = schemaOf<LinkListing>()(
  z.strictObject({
    lab: described(z.string(), 'The name of the lab.'),
    links: z.array(
      z.strictObject({
        name: described(z.string(), 'The host and its interface: `node1:eth0`.'),
        segment: z.string(),
        mtu: described(naturalNumber, 'The MTU of both ends in bytes.'),
        loss: described(z.nullable(z.string()), 'The part of the packets that is lost each way: `1.5%`.'),
        rate: described(z.nullable(z.string()), 'The bits per second each way: `10mbit`.'),
        delay: described(z.nullable(z.string()), 'The time that the link adds each way: `20ms`.'),
      }),
    ),
  }),
);
