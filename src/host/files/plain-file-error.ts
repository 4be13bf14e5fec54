/** Thrown if the object at a path is not a file that heddle opens. `reason` has the file as its subject: `is a symbolic link`. */
export class PlainFileError extends Error {
  override readonly name = 'PlainFileError';
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.reason = reason;
  }
}
