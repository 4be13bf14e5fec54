import type { Command } from 'commander';

/** `heddle docs`: the pages that come with heddle, also from an executable without other files. */
export function registerDocs(program: Command): void {
  program
    .command('docs')
    .summary('read the pages that come with heddle')
    .description(
      'Prints a page of the documentation of this version as Markdown. Without a page, lists the pages. ' +
        'A page is named as in the list, or by its path, such as docs/operations.md.',
    )
    .argument(
      '[page]',
      'such as operations; or a file that a page links to, such as docs/schemas/status.schema.json',
    )
    .action(async (page: string | undefined) => {
      const { listPages, printPage } = await import('./run-docs.ts');
      if (page === undefined) listPages();
      else printPage(page);
    });
}
