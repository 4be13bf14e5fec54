import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** Why tests that need root and these programs cannot run here, as a reason for node:test to skip; false if they can. */
export function reasonToSkip(...programs: string[]): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = ['ip', 'bridge', 'unshare', 'nsenter', 'ping', 'busybox', ...programs].filter(
    (program) => !isOnPath(program),
  );
  return missing.length > 0 && `needs ${missing.join(', ')}`;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(resolve(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
