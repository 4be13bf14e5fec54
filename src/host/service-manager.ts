import { runProgram } from './run-program.ts';

/** A notification for systemd (sd_notify(3)). */
interface ServiceNotice {
  readonly state?: 'ready' | 'stopping';
  /** One line for `systemctl status`. */
  readonly status?: string;
}

/** The time that a notice may take, in milliseconds: a signal must end the daemon soon, even if nobody reads the socket. */
const longestNoticeMs = 5000;
const longestGoodbyeMs = 300;

/**
 * Reports the state of the service to systemd, if `NOTIFY_SOCKET` asks for it. Never fails, because the daemon works with or without a
 * listener. Node has no datagram sockets of the unix kind, so systemd-notify(1) sends the notice.
 */
export async function notifyServiceManager(
  { state, status }: ServiceNotice,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const socket = environment['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return;
  const assignments = [
    ...(state === undefined ? [] : [state === 'ready' ? 'READY=1' : 'STOPPING=1']),
    // A line break would begin another assignment.
    ...(status === undefined ? [] : [`STATUS=${status.replaceAll(/\s+/g, ' ')}`]),
  ];
  if (assignments.length === 0) return;
  const env = { ...process.env, NOTIFY_SOCKET: socket };
  const timeoutMs = state === 'stopping' ? longestGoodbyeMs : longestNoticeMs;
  await runProgram('systemd-notify', assignments, { env, timeoutMs }).catch(() => undefined);
}
