// Reads a Dockerfile, as far as deploy/image/Dockerfile needs it. Nothing here reads or writes files.

/**
 * @typedef {{ kind: 'run', script: string } | { kind: 'copy', from: string, sources: string[], target: string }} Step
 * @typedef {{ base: string, name: string, steps: Step[] }} Stage
 */

/**
 * @param {string} text @param {Readonly<Record<string, string>>} variables in place of those that ARG declares
 * @returns {{ stages: readonly Stage[], entrypoint: readonly string[], command: readonly string[] }}
 */
export function parseDockerfile(text, variables) {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  /** @type {Stage[]} */
  const stages = [];
  const read = { entrypoint: [], command: [] };
  const stage = () => {
    const last = stages.at(-1);
    if (last === undefined) throw new Error('the Dockerfile does not begin with FROM');
    return last;
  };
  for (const line of lines) {
    const [word = '', ...rest] = line.split(/\s+/);
    const argument = line.slice(word.length).trim();
    if (word === 'FROM') stages.push({ base: rest[0] ?? '', name: rest[2] ?? '', steps: [] });
    else if (word === 'RUN') stage().steps.push({ kind: 'run', script: argument });
    else if (word === 'COPY') {
      const from = rest[0]?.startsWith('--from=') ? rest[0].slice('--from='.length) : '';
      const paths = (from === '' ? rest : rest.slice(1)).map((path) =>
        path.replaceAll(/\$\{(\w+)\}/g, (whole, name) => variables[name] ?? whole),
      );
      stage().steps.push({ kind: 'copy', from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' });
    } else if (word === 'ENTRYPOINT') read.entrypoint = JSON.parse(argument);
    else if (word === 'CMD') read.command = JSON.parse(argument);
    else if (word !== 'ARG') throw new Error(`the Dockerfile has ${word}, which nothing here understands`);
  }
  return { stages, ...read };
}
