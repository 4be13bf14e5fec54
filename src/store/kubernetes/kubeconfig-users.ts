import { load } from 'js-yaml';
import { resolve } from 'node:path';
import { pluginProvider } from './exec-plugin.ts';

/** A user of a kubeconfig file, as far as the library reads it in another way than kubectl. */
interface KubeUser {
  token?: unknown;
  readonly tokenFile?: unknown;
  'auth-provider'?: object;
  exec?: KubePlugin | null;
}

/** A program that prints credentials. */
interface KubePlugin {
  readonly apiVersion?: unknown;
  command?: unknown;
  env?: unknown;
}

/**
 * Rewrites the users of a kubeconfig file, so that the library treats them as kubectl does: the library ignores `tokenFile`, does not look
 * for a plugin next to the file, does not tell a plugin which version of the API to use, and does not end one that hangs. Throws an error
 * for a text that is not YAML.
 *
 * @param directory the directory of the file
 */
export function completeUsers(text: string, directory: string): string {
  const document = load(text) as { readonly users?: unknown } | null | undefined;
  if (!Array.isArray(document?.users)) return text;
  for (const entry of document.users as ({ readonly user?: KubeUser | null } | null)[]) {
    const user = entry?.user;
    if (!user) continue;
    if (typeof user.tokenFile === 'string') {
      // A token in the text would replace it; with kubectl, the file wins.
      delete user.token;
      user['auth-provider'] = {
        name: 'tokenFile',
        config: { tokenFile: resolve(directory, user.tokenFile) },
      };
    }
    if (user.exec) {
      completePlugin(user.exec, directory);
      // The library would run the plugin itself.
      user['auth-provider'] = { name: pluginProvider, config: user.exec };
      delete user.exec;
    }
  }
  return JSON.stringify(document);
}

function completePlugin(plugin: KubePlugin, directory: string): void {
  const { apiVersion, command, env } = plugin;
  if (typeof command === 'string' && command.includes('/')) plugin.command = resolve(directory, command);
  const info = { kind: 'ExecCredential', apiVersion, spec: { interactive: false } };
  const own = Array.isArray(env) ? (env as unknown[]) : [];
  plugin.env = [...own, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
}
