/** heddle's programs, by the path of their module below src/: all that is in the bundle. Each begins when it is imported. */
export const programs = {
  main: () => import('./main.ts'),
  'lab/inside/main': () => import('./lab/inside/main.ts'),
  'lab/inside/store/kubernetes/relay': () => import('./lab/inside/store/kubernetes/relay.ts'),
  'lab/inside/probe/agent': () => import('./lab/inside/probe/agent.ts'),
} satisfies Record<string, () => Promise<unknown>>;
