// The links of the installed pages. Nothing here reads or writes files.

/** Pages for those who build heddle. Only a checkout has them. */
const onlyInCheckout = ['CONTRIBUTING.md', 'docs/architecture.md'];

/**
 * A page of the top folder or of docs/ as it is installed: what only a checkout has is named, and not linked to.
 * @param {string} page in Markdown @returns {string}
 */
export function installedPage(page) {
  return page.replaceAll(/\[([^\]]*)\]\(([^)#\s]+)(?:#[^)]*)?\)/g, (link, name, target) =>
    onlyInCheckout.some((path) => [path, `../${path}`, path.replace('docs/', '')].includes(target))
      ? `${name} (in a checkout of heddle)`
      : link,
  );
}
