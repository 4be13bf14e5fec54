/** Whether an error is the system error of that name: `ENOENT`, `EPIPE`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
