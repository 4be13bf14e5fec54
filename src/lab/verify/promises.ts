import type { PromiseRow } from './promise.ts';
import { address, data } from './rows/change.ts';
import { clean } from './rows/clean.ts';
import { compiled } from './rows/compiled.ts';
import { connects, mtu } from './rows/connects.ts';
import { drift } from './rows/drift.ts';
import { exact } from './rows/exact.ts';
import { hostile } from './rows/hostile.ts';
import { interrupted } from './rows/interrupted.ts';
import { repeatable } from './rows/repeatable.ts';
import { crash, restart } from './rows/restarts.ts';

/** Every promise that `lab verify` tries, in the order in which one lab tries them. */
export const promises: readonly PromiseRow[] = [
  connects,
  mtu,
  exact,
  repeatable,
  drift,
  restart,
  crash,
  interrupted,
  compiled,
  hostile,
  address,
  data,
  clean,
];
