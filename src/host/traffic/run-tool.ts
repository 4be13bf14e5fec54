import { runProgram } from '../run-program.ts';

/** The longest run of a tool, in milliseconds: other programs may hold the lock of iptables for some seconds. */
const toolMs = 30_000;

/** Runs a tool for traffic rules, whose messages are in English. Returns its stdout. Throws a `ProgramError` if it fails. */
export function runTool(program: string, args: readonly string[], input?: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C' };
  return runProgram(program, args, { env, timeoutMs: toolMs, ...(input !== undefined && { input }) });
}
