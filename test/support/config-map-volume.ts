import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * A directory as kubelet lays out the volume of a ConfigMap: mode 0777, a directory with the files of one version, the link `..data` to that
 * directory, and for each file a link through `..data`.
 */
export class ConfigMapVolume {
  readonly path: string;
  #version = 0;
  #directory: string | undefined;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path);
    chmodSync(path, 0o777);
  }

  /** Replaces all files, in kubelet's order: a reader of `..data` sees either the old files or the new ones. */
  write(files: Readonly<Record<string, object | string>>): void {
    const old = this.#directory;
    this.#version += 1;
    const directory = `..2026_11_27_14_00_00.${String(this.#version).padStart(9, '0')}`;
    mkdirSync(join(this.path, directory), { mode: 0o755 });
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(this.path, directory, name), text, { mode: 0o644 });
    }
    this.point(directory);
    this.#directory = directory;
    for (const name of Object.keys(files))
      if (!this.#has(name)) symlinkSync(`..data/${name}`, join(this.path, name));
    for (const name of readdirSync(this.path))
      if (!name.startsWith('..') && !Object.hasOwn(files, name)) rmSync(join(this.path, name));
    if (old !== undefined) rmSync(join(this.path, old), { recursive: true });
  }

  /** Points `..data` to another place, at once. */
  point(target: string): void {
    symlinkSync(target, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
  }

  #has(name: string): boolean {
    return lstatSync(join(this.path, name), { throwIfNoEntry: false }) !== undefined;
  }
}
