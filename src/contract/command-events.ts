import type { CommandName } from '../recipe/recipe.ts';

/** What can happen, in the order of a node's life, and the command that it runs. */
export const commandOfEvent = {
  pre: 'PreStartupCommand',
  post: 'PostStartupCommand',
  add: 'SubnetAddCommand',
  remove: 'SubnetRemoveCommand',
  batch: 'SubnetBatchCommand',
  check: 'CheckCommand',
  monitor: 'MonitorCommand',
  shutdown: 'ShutdownCommand',
} as const satisfies Record<string, CommandName>;

export type CommandEvent = keyof typeof commandOfEvent;
export const eventNames = Object.keys(commandOfEvent) as readonly CommandEvent[];
