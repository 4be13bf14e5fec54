import { FSWatcher, type ChokidarOptions, type Throttler, type ThrottleType } from 'chokidar';

/**
 * A chokidar watcher that tells which name of a directory changed and does nothing else. By itself chokidar answers
 * every event by listing the directory again and asking the state of each file in it: 24 ms of work for one change
 * among ten thousand leases. It skips that while such a listing is under way; here one always is.
 */
class NameWatcher extends FSWatcher {
  override _throttle(action: ThrottleType, path: string, timeout: number): Throttler | false {
    return action === 'readdir' ? false : super._throttle(action, path, timeout);
  }
}

/** Does not wait for writes to settle: whoever hears of a name looks for himself. */
const options: ChokidarOptions = { atomic: false, ignoreInitial: true };

export interface DirectoryEvents {
  /**
   * A name in the directory was made, moved or removed (`rename`) or written (`change`). The directory's own name with
   * `rename` is said when the directory itself goes.
   */
  readonly onName: (name: string, event: string) => void;
  /** Events may be lost from now on: the kernel's limit of watches, for example. */
  readonly onBlind: (error: unknown) => void;
}

/** Watches one directory, not what is below it. When it returns, every later change will be told of. */
export async function watchDirectory(
  directory: string,
  { onName, onBlind }: DirectoryEvents,
): Promise<{ close: () => Promise<void> }> {
  const watcher = new NameWatcher(options);
  const ready = new Promise<void>((resolve) => watcher.once('ready', resolve));
  watcher.on('error', onBlind);
  watcher.on('raw', (event, name) => onName(name, event));
  watcher.add(directory);
  await ready;
  return { close: () => watcher.close() };
}
