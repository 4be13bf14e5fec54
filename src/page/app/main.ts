import { h, render } from 'preact';
import type { PageDocument } from '../model.ts';
import { WholePage } from './page.ts';

/*
 * The script of a page. A page that is a file has its document in it. A page from a server follows the server's events: each is the whole
 * document, and preact changes only what differs.
 */

type Connection = 'file' | 'connecting' | 'live' | 'lost';

const root = document.getElementById('page');

function show(shown: PageDocument | undefined, connection: Connection): void {
  if (root === null) return;
  if (shown !== undefined) document.title = `heddle: ${shown.title}`;
  document.documentElement.dataset['connection'] = connection;
  render(h(WholePage, { document: shown, connection }), root);
}

function follow(): void {
  let last: PageDocument | undefined;
  const { search } = window.location;
  const events = new EventSource(`events${search}`);
  events.addEventListener('message', ({ data }: MessageEvent<string>) => {
    last = JSON.parse(data) as PageDocument;
    show(last, 'live');
  });
  events.addEventListener('error', () => show(last, 'lost'));
  events.addEventListener('end', () => {
    events.close();
    show(last, 'lost');
  });
  show(undefined, 'connecting');
}

const own = document.getElementById('document')?.textContent;
if (own == null) follow();
else show(JSON.parse(own) as PageDocument, 'file');
