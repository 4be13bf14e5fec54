import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bashCompletion, zshCompletion } from '../../scripts/package/debian/completion.js';
import { controlFile, debianFile } from '../../scripts/package/debian/control.js';
import { parseHelp, readOption, subcommandsOf } from '../../scripts/package/debian/help.js';
import { manPage } from '../../scripts/package/debian/man.js';
import { serviceUnit } from '../../scripts/package/debian/units.js';

const help = `Usage: loom weave [options] <recipe>

Weaves a cloth. Ends when
the warp ends.

Arguments:
  recipe           a recipe file

Options:
  --shed <kind>    how the warp opens (choices: "rising", "sinking", default:
                   "rising")
  -q, --quiet      says nothing
  --recipe <file>  a path or a name
  --log <file>     where to write
  --very-long-option <with-a-long-value>
                   a text below its option

Commands:
  warp [options]   winds the
                   warp
  help [command]   shows the help of a command
`;

test('the help of a command is read with its lines joined', () => {
  const { usage, description, sections } = parseHelp(help);
  assert.equal(usage, 'loom weave [options] <recipe>');
  assert.equal(description, 'Weaves a cloth. Ends when the warp ends.');
  assert.deepEqual(sections['Arguments'], [{ term: 'recipe', text: 'a recipe file' }]);
  assert.deepEqual(
    sections['Options']?.map(({ term, text }) => [term, text]),
    [
      ['--shed <kind>', 'how the warp opens (choices: "rising", "sinking", default: "rising")'],
      ['-q, --quiet', 'says nothing'],
      ['--recipe <file>', 'a path or a name'],
      ['--log <file>', 'where to write'],
      ['--very-long-option <with-a-long-value>', 'a text below its option'],
    ],
  );
  assert.deepEqual(subcommandsOf(parseHelp(help)), ['warp']);
});

test('a text that is not the help of a command is refused', () => {
  assert.throws(() => parseHelp('weave: no such command\n'), /this is not the help of a command/);
  assert.throws(() => parseHelp(''), /this is not the help of a command/);
});

test('an option has names, perhaps a value, and perhaps choices', () => {
  const options = parseHelp(help).sections['Options'] ?? [];
  assert.deepEqual(options.map(readOption), [
    { names: ['--shed'], value: 'required', choices: ['rising', 'sinking'] },
    { names: ['-q', '--quiet'], value: 'none', choices: [] },
    { names: ['--recipe'], value: 'required', choices: [] },
    { names: ['--log'], value: 'required', choices: [] },
    { names: ['--very-long-option'], value: 'required', choices: [] },
  ]);
  assert.equal(readOption({ term: '--masq [bool]', text: '' }).value, 'optional');
});

test('a manual page escapes what troff would read as its own', () => {
  const odd = parseHelp("Usage: loom\n\n.hidden 'quoted' a\\b -- `code`.\n");
  const page = manPage({ command: ['loom', 'weave'], help: odd, version: '1.2.3', date: '2026-01-31' });
  assert.match(page, /^\.TH "LOOM-WEAVE" "8" "2026-01-31" "heddle 1\.2\.3"/);
  assert.ok(page.includes('\n\\&.hidden \\(aqquoted\\(aq a\\eb \\-\\- \\(gacode\\(ga.\n'), page);
});

test('the completions name each command, option and choice', () => {
  const commands = [{ path: ['weave'], help: parseHelp(help) }];
  const bash = bashCompletion(commands);
  assert.ok(bash.includes("'weave') echo 'warp --shed -q --quiet --recipe --log --very-long-option'"));
  assert.ok(bash.includes("'weave --shed') echo 'rising sinking'"));
  // A recipe has a name or a path, another file has a path.
  assert.ok(bash.includes("'weave --recipe') echo '@recipes'"));
  assert.ok(bash.includes("'weave --log') echo '@files'"));
  const zsh = zshCompletion(commands);
  assert.ok(zsh.includes("'*--recipe[a path or a name]:recipe:_heddle_recipes'"));
  assert.ok(zsh.includes("'*--log[where to write]:file:_files'"));
  assert.ok(zsh.startsWith('#compdef heddle\n'));
  assert.ok(zsh.includes(':value:(rising sinking)'));
});

test('the completions name the recipes, the pages or the files for the argument of a command', () => {
  const usages = { weave: '<recipe>', read: '[page]', burn: '[files...]' };
  const commands = Object.entries(usages).map(([name, argument]) => ({
    path: [name],
    help: parseHelp(`Usage: loom ${name} [options] ${argument}\n\nWorks.\n`),
  }));
  const bash = bashCompletion(commands);
  assert.match(bash, /^ {4}'weave'\) COMPREPLY\+=.*_heddle_recipes/m);
  assert.match(bash, /^ {4}'read'\) COMPREPLY\+=.*heddle docs/m);
  const zsh = zshCompletion(commands);
  for (const action of ['_heddle_recipes', '_heddle_pages', '_files'])
    assert.ok(zsh.includes(`'*: :${action}'`), action);
});

test('the units have the sandbox of SECURITY.md and leave the network up', () => {
  const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
  const unit = serviceUnit(page, { instance: false });
  for (const line of /```ini\n([^]*?)```/.exec(page)?.[1]?.split('\n') ?? []) {
    const differs = /^(ExecStart|StateDirectory)=/.test(line);
    if (!differs) assert.ok(unit.split('\n').includes(line), line);
  }
  assert.match(unit, /^ExecStart=\/usr\/bin\/heddle up --on-exit leave$/m);
  const instance = serviceUnit(page, { instance: true });
  assert.match(instance, /^EnvironmentFile=\/etc\/heddle\/%i\.env$/m);
  assert.match(instance, /--state-dir \/var\/lib\/heddle\/%i .*--on-exit leave$/m);
  assert.throws(() => serviceUnit('# Security\n', { instance: false }), /SECURITY.md has no unit/);
});

test("Debian's package has Debian's name of the processor", () => {
  assert.equal(debianFile('1.2.3', 'x64'), 'heddle_1.2.3-1_amd64.deb');
  const control = controlFile({ version: '1.2.3', processor: 'arm64', kibibytes: 12 });
  assert.match(control, /^Architecture: arm64$/m);
  assert.match(control, /^Depends: iproute2,/m);
  assert.match(control, /^Installed-Size: 12$/m);
});
