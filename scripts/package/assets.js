// What is inside the single executable. Nothing here reads or writes.

/** The bundles of dist/, by the beginning of their names, and the files of pages. */
const bundles = /^(?:(?:heddle|kubernetes-client|etcd-client)-[^/]*\.cjs|page\.js|page-style\.css)$/;

/** The pages at the top of the checkout that a user may need. */
const topPages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md'];

/**
 * The assets that are files of the checkout, by their paths. Pictures are not among them, since `heddle docs` prints text.
 * @param {{ dist: readonly string[], recipes: readonly string[], scenarios: readonly string[], docs: readonly string[] }} folders the paths below each folder
 * @returns {string[]}
 */
export function checkoutAssets({ dist, recipes, scenarios, docs }) {
  return [
    'package.json',
    ...topPages,
    ...dist.filter((path) => bundles.test(path) || path === 'licences.txt').map((path) => `dist/${path}`),
    ...recipes.map((path) => `recipes/${path}`),
    ...scenarios.map((path) => `scenarios/${path}`),
    ...docs
      .filter((path) => path !== 'architecture.md' && !path.endsWith('.png'))
      .map((path) => `docs/${path}`),
  ].sort();
}

/**
 * Whether an asset is compressed: what few runs read, and what saves more bytes than milliseconds. Every start reads the main bundle and its
 * code; the code of the daemon is large, so that reading it would take a noticeable part of a start.
 * @param {string} path @param {string} main the main bundle
 */
export function isCompressed(path, main) {
  const read = [main, 'code/main', 'code/up', 'launcher.sh', 'files.json', 'package.json'];
  return !read.includes(path) && !path.startsWith('recipes/') && !path.startsWith('scenarios/');
}

/** The bundle that the executable begins with. @param {readonly string[]} assets */
export function mainBundle(assets) {
  const found = assets.filter((path) => path.startsWith('dist/heddle-'));
  if (found.length !== 1) throw new Error(`dist/ has ${found.length} bundles of heddle: build it again`);
  return /** @type {string} */ (found[0]);
}

/**
 * The launcher for PID 1, for `sh -c`: bin/heddle, without the line that finds the program, since its arguments begin with the program.
 * @param {string} launcher the text of bin/heddle
 */
export function launcherScript(launcher) {
  const lines = launcher.split('\n');
  const own = lines.filter((line) => !line.startsWith('set -- node '));
  if (own.length !== lines.length - 1)
    throw new Error('bin/heddle finds its program in another way than before');
  return own.join('\n');
}

/**
 * The configuration of Node's single executable.
 * @param {{ main: string, output: string, assets: Readonly<Record<string, string>> }} files
 */
export function seaConfiguration({ main, output, assets }) {
  // heddle compiles its bundle itself: Node's own cache would hold the functions that are compiled before anything has run.
  return {
    main,
    output,
    assets,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
  };
}
