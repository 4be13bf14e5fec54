import type { CommandName } from '../recipe/recipe.ts';

/** The events in a node's life, in their order, and the command that each event runs. */
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
export const commandEventNames = Object.keys(commandOfEvent) as readonly CommandEvent[];
