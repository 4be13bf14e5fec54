import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';

interface Damage {
  /** Puts something in the place of the file, whose text was sound. */
  readonly make: (path: string, sound: string) => void;
  /** The end of the sentence about the file. */
  readonly says: RegExp;
}

const writing = (text: (sound: string) => string): Damage['make'] => {
  return (path, sound) => writeFileSync(path, text(sound));
};

const changing = (change: (deployment: object) => object): Damage['make'] => {
  return writing((sound) => JSON.stringify(change(JSON.parse(sound) as object)));
};

/** The ways in which a deployment file is damaged. */
export const damages: Readonly<Record<string, Damage>> = {
  empty: { make: writing(() => ''), says: /is damaged: it is empty$/m },
  truncated: {
    make: writing((sound) => sound.slice(0, sound.length / 2)),
    says: /is damaged: it is not JSON$/m,
  },
  rubbish: { make: writing(() => '\0\0\u00ff rubbish'), says: /is damaged: it is not JSON$/m },
  'without a recipe': {
    make: writing(() => '{"version":2,"parts":{}}'),
    says: /is damaged: it has no recipe$/m,
  },
  'of a newer version': {
    make: writing((sound) => sound.replace('"version": 2', '"version": 99')),
    says: /was written by a newer version of heddle \(format 99; .*\)$/m,
  },
  'with a recipe without its text': {
    make: changing((deployment) => ({ ...deployment, recipe: { file: 'x', name: 'x' } })),
    says: /is damaged: its recipe has no text$/m,
  },
  'without the path of the subnet file': {
    make: changing((deployment) => ({ ...deployment, parts: { 'subnet-file': {} } })),
    says: /is damaged: it does not say where the subnet file is$/m,
  },
  'with an unknown part': {
    make: writing((sound) => sound.replace('"parts": {', '"parts": { "cloth-beam": {},')),
    says: /was written by a newer version of heddle \(it has the part cloth-beam, which .* know\)$/m,
  },
  'a directory': { make: (path) => mkdirSync(path), says: /is damaged: it is not a regular file$/m },
  'a FIFO': {
    make: (path) => void execFileSync('mkfifo', [path]),
    says: /is damaged: it is not a regular file$/m,
  },
  'a link to a sound file': {
    make: (path, sound) => {
      writeFileSync(`${path}.elsewhere`, sound);
      symlinkSync(`${path}.elsewhere`, path);
    },
    says: /is damaged: it is a symbolic link$/m,
  },
  'a link that leads nowhere': {
    make: (path) => symlinkSync('/nowhere/deployment.json', path),
    says: /is damaged: it is a symbolic link$/m,
  },
};
