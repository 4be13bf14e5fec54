import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { bootModules, composeInit, jobScript, modprobeScript } from './guest-init.js';
import { orderModules } from './module-order.js';

/**
 * Makes an initramfs for a kernel in a temporary directory. The caller removes it.
 * @param {import('./kernel.js').GuestKernel} kernel
 * @returns {{ file: string, remove: () => void }}
 */
export function makeInitramfs({ version, modules }) {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-initramfs-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const tree = join(directory, 'tree');
    for (const folder of ['bin', 'proc', 'sys', 'dev', 'host', 'modules', 'lib/modules'])
      mkdirSync(join(tree, folder), { recursive: true });
    copyFileSync(findBusybox(), join(tree, 'bin', 'busybox'));
    const index = readFileSync(join(modules, version, 'modules.dep'), 'utf8');
    const order = orderModules(index, bootModules);
    for (const file of order)
      copyFileSync(join(modules, version, file), join(tree, 'modules', basename(file)));
    const init = composeInit({ modules: order.map((file) => basename(file)), moduleDirectory: modules });
    const scripts = { init, job: jobScript, modprobe: modprobeScript };
    for (const [name, text] of Object.entries(scripts))
      writeFileSync(join(tree, name), text, { mode: 0o755 });
    const file = join(directory, 'initramfs');
    const pack = 'cd "$1" && find . | busybox cpio -o -H newc >"$2"';
    const { status, stderr } = spawnSync('sh', ['-c', pack, 'sh', tree, file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the initramfs could not be packed: ${stderr}`);
    return { file, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function findBusybox() {
  return spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
}
