import type { Parameter } from '../../recipe/recipe.ts';

const hidden = new Set<string>();

/** Every user can see a command line with `ps`. Setting the title overwrites it. */
export function hideFromProcessList(secret: string): void {
  if (secret === '') return;
  hidden.add(secret);
  process.title = process.argv.map(hideSecrets).join(' ');
}

/** Hides the values of those `--param NAME=VALUE` that the recipe says are secret. */
export function hideSecretParameters(overrides: readonly string[], parameters: readonly Parameter[]): void {
  const secrets = new Set(parameters.filter(({ secret }) => secret).map(({ name }) => name));
  for (const override of overrides) {
    const [name = ''] = override.split('=');
    if (secrets.has(name)) hideFromProcessList(override.slice(name.length + 1));
  }
}

function hideSecrets(text: string): string {
  return [...hidden].reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}
