import { watch as watchWithChokidar } from 'chokidar';
import { watch } from 'node:fs';
import { resolve } from 'node:path';
import { hasErrorCode } from '../system-error.ts';

export interface DirectoryEvents {
  /**
   * Called when a name in the directory was made, moved or removed (`rename`) or written (`change`). The directory's own name with `rename`
   * means that the directory itself is gone.
   */
  readonly onName: (name: string, event: string) => void;
  /** Called when events may be lost from now on, for example because the kernel has no watches left. */
  readonly onBlind: (error: unknown) => void;
}

export interface DirectoryWatcher {
  close(): Promise<void>;
}

/**
 * Watches one directory, but not its subdirectories. After the return, every later change is reported. A directory that
 * does not exist is not watched, and nothing is reported for it.
 */
export async function watchDirectory(
  directory: string,
  { onName, onBlind }: DirectoryEvents,
): Promise<DirectoryWatcher> {
  const path = resolve(directory);
  const watcher = watchWithChokidar(path, {
    // The caller looks at names itself, and waits until a write has settled.
    ignored: (each) => each !== path,
    ignoreInitial: true,
    atomic: false,
  });
  watcher.on('error', onBlind);
  watcher.on('raw', (event, name) => onName(name, event));
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return watcher;
}

/**
 * Does the same as {@link watchDirectory}, for a directory of thousands of files. chokidar answers every event by listing the directory and
 * asking for the state of each file in it, whatever its options: with ten thousand files, one change costs 30 to 150 ms of work. Node's own
 * watcher, on which chokidar is built, reports the same names and does nothing else.
 */
export function watchLargeDirectory(
  directory: string,
  { onName, onBlind }: DirectoryEvents,
): DirectoryWatcher {
  try {
    const watcher = watch(directory, (event, name) => onName(name ?? '', event));
    watcher.on('error', onBlind);
    return {
      close: () => {
        watcher.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) onBlind(error);
    return { close: () => Promise.resolve() };
  }
}
