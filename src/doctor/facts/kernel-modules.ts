import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { moduleOf } from '../findings/kernel-modules.ts';
import type { DevicePlan } from '../devices/planned-devices.ts';
import type { ModuleState } from '../facts.ts';

/** Finds out whether the kernel has the modules for the devices of a recipe. Loads none. */
export async function readModules({ devices }: DevicePlan): Promise<ReadonlyMap<string, ModuleState>> {
  const names = [...new Set(devices.map(({ kind }) => moduleOf(kind)))];
  return new Map(await Promise.all(names.map(async (name) => [name, await readModule(name)] as const)));
}

async function readModule(name: string): Promise<ModuleState> {
  if (await isThere(`/sys/module/${name}`)) return 'present';
  const directory = `/lib/modules/${release()}`;
  try {
    const [loadable, builtIn] = await Promise.all([
      readFile(`${directory}/modules.dep`, 'utf8'),
      readFile(`${directory}/modules.builtin`, 'utf8').catch(() => ''),
    ]);
    if (lists(builtIn, name)) return 'present';
    return lists(loadable, name) ? 'loadable' : 'absent';
  } catch {
    // In a container, the host's modules are often not shown.
    return 'unknown';
  }
}

/** Whether a list of paths names a module: `kernel/drivers/net/vxlan/vxlan.ko.xz: …`. A dash and an underscore are the same. */
function lists(paths: string, name: string): boolean {
  return new RegExp(`(?:^|/)${name.replaceAll('_', '[-_]')}\\.ko`, 'm').test(paths.replaceAll(/:.*$/gm, ''));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
