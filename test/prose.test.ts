import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// The rules of CONTRIBUTING.md, "How text is written", as far as a program can check them.

const root = fileURLToPath(new URL('..', import.meta.url));

/** A piece of prose and its place, for the message of a failure. */
interface Passage {
  readonly where: string;
  readonly text: string;
  readonly isDocstring: boolean;
}

const rules: readonly { readonly name: string; readonly pattern: RegExp; readonly docstringsOnly?: true }[] =
  [
    {
      name: 'a word of the list',
      pattern: /\b(?:mend(?:s|ed|ing)?|reckon(?:s|ed|ing)?|anew|seldom|beside)\b/i,
    },
    { name: '"told of"', pattern: /\b(?:told|tells?|telling) of\b/i },
    { name: '"got from"', pattern: /\bgot from\b/i },
    { name: '"has it that"', pattern: /\bhas it that\b/i },
    {
      name: '"is no" before a noun',
      pattern: /\b(?:is|are) no (?!longer than\b|more than\b|less than\b)[\w`"‹]/i,
    },
    {
      name: 'a docstring that begins with a pronoun',
      pattern: /^(?:(?:It|That|What|Who|Which)\b|As \{@link)/,
      docstringsOnly: true,
    },
  ];

/** The rules that a passage breaks, each with the words that break it. */
function faultsOf({ where, text, isDocstring }: Passage): readonly string[] {
  return rules.flatMap(({ name, pattern, docstringsOnly }) => {
    const found = docstringsOnly && !isDocstring ? null : pattern.exec(text);
    return found === null ? [] : [`${where}: ${name}: …${text.slice(found.index, found.index + 60)}`];
  });
}

/** A page without its code, block by block, so that a sentence may go over a line's end. */
function passagesOfPage(file: string): readonly Passage[] {
  const passages: Passage[] = [];
  let lines: string[] = [];
  let isCode = false;
  const text = readFileSync(join(root, file), 'utf8');
  for (const [index, line] of [...text.split('\n'), ''].entries()) {
    const isFence = line.startsWith('```');
    if (isFence || line.trim() === '') {
      const paragraph = lines.join(' ').replaceAll(/`[^`]*`/g, '`code`');
      if (!isCode) passages.push({ where: `${file}:${index}`, text: paragraph, isDocstring: false });
      lines = [];
    } else lines.push(line.trim());
    if (isFence) isCode = !isCode;
  }
  return passages;
}

/** The words of a comment, without its marks. */
function wordsOf(comment: string): string {
  return comment
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.trim().replace(/^(?:\*|\/\/+) ?/, ''))
    .join(' ')
    .trim();
}

/** The comments of a source file. Comments of a line each that follow each other are one. */
function commentsOf(
  text: string,
  where: (offset: number) => string,
  source: ts.SourceFile,
): readonly Passage[] {
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      ranges.set(range.pos, range);
    for (const range of ts.getTrailingCommentRanges(text, node.getEnd()) ?? []) ranges.set(range.pos, range);
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  const passages: (Passage & { readonly end: number })[] = [];
  for (const { pos, end } of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const comment = text.slice(pos, end);
    const last = passages.at(-1);
    const goesOn = last !== undefined && comment.startsWith('//') && text.slice(last.end, pos).trim() === '';
    if (goesOn && !last.isDocstring) {
      passages.pop();
      passages.push({ ...last, text: `${last.text} ${wordsOf(comment)}`, end });
    } else {
      passages.push({
        where: where(pos),
        text: wordsOf(comment),
        isDocstring: comment.startsWith('/**'),
        end,
      });
    }
  }
  return passages;
}

/** The text of a literal, with a mark for each value that is put into it; undefined for other nodes. */
function literalText(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) {
    const isPath = ts.isImportDeclaration(node.parent) || ts.isExternalModuleReference(node.parent);
    return isPath ? undefined : node.text;
  }
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `‹›${literal.text}`).join('');
}

/** The comments, docstrings and string literals of a source file. */
function passagesOfSource(file: string, text: string): readonly Passage[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const where = (offset: number): string =>
    `${file}:${source.getLineAndCharacterOfPosition(offset).line + 1}`;
  const passages: Passage[] = [...commentsOf(text, where, source)];
  const visit = (node: ts.Node): void => {
    const literal = literalText(node);
    if (literal !== undefined)
      passages.push({ where: where(node.getStart(source)), text: literal, isDocstring: false });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return passages;
}

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].concat(
  readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`);

describe('the rules of CONTRIBUTING.md for text are kept', () => {
  for (const page of pages) {
    test(`in ${page}`, () => {
      assert.deepEqual(passagesOfPage(page).flatMap(faultsOf), []);
    });
  }

  test('in comments, docstrings and string literals of src', () => {
    const passages = sources.flatMap((file) =>
      passagesOfSource(file, readFileSync(join(root, file), 'utf8')),
    );
    assert.ok(passages.length > 5000, 'the passages were found');
    assert.deepEqual(passages.flatMap(faultsOf), []);
  });
});

/** The beginnings of a name that needs the name of another test to be understood. */
const dependentBeginning = /^(?:and|but|or|it|its|they|their|that|those|one (?:of|that|who|whose|which))\b/i;

/** The names of the tests in a file: each with those of the groups around it. */
function testNamesIn(path: string): readonly string[] {
  const names: string[] = [];
  const visit = (node: ts.Node, group: string): void => {
    const [first] = ts.isCallExpression(node) ? node.arguments : [];
    const name = first && literalText(first);
    const isTest = ts.isCallExpression(node) && /^(?:test|describe)$/.test(node.expression.getText());
    const full = isTest && name !== undefined ? `${group} ${name}`.trim() : group;
    if (full !== group) names.push(full);
    ts.forEachChild(node, (child) => visit(child, full));
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true), '');
  return names;
}

test('the names of tests read alone, and keep the rules for text', () => {
  const folder = join(root, 'test');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => testNamesIn(join(folder, file)).map((text) => ({ where: file, text })));
  assert.ok(names.length > 1500, 'the names were found');
  assert.deepEqual(
    names.filter(({ text }) => dependentBeginning.test(text)),
    [],
  );
  assert.deepEqual(
    names.flatMap((name) => faultsOf({ ...name, isDocstring: false })),
    [],
  );
});

test('a text that breaks a rule is found wherever it stands, and code is not text', () => {
  const found = (text: string): number => passagesOfSource('a.ts', text).flatMap(faultsOf).length;
  for (const bad of [
    '/** What a node does. */\nlet a;',
    '/**\n * As {@link b}, for\n * two.\n */\nlet a;',
    'let a = 1; // the list is\n// no lease',
    'let a = `the ${b} is no socket`;',
    'let a = `it is no ${b}`;',
    '// a node that is no longer there\n',
    "f({ hint: 'mend it' });",
    'function f() {\n  // to begin anew\n}',
    '// a stands beside b\n',
  ]) {
    assert.equal(found(bad), 1, bad);
  }
  for (const good of [
    '/** A node is not there any more. */\nlet mend;',
    '// What a reason is for.\nlet anew;',
  ]) {
    assert.equal(found(good), 0, good);
  }
});

describe('commit subjects', () => {
  /** The commit since which subjects have a limit. */
  const first = 'Move files into folders that show the flow';

  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'safe.directory=*', '-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });

  /** The subjects since that commit, or why they cannot be read. */
  function readSubjects(): readonly string[] | string {
    try {
      const subjects = git('log', '--first-parent', '--format=%s').split('\n');
      const end = subjects.indexOf(first);
      return end === -1 ? `the history does not reach back to the commit "${first}"` : subjects.slice(0, end);
    } catch {
      return 'this is not a git checkout, or git is not installed';
    }
  }

  test('have at most 72 characters', (t) => {
    const subjects = readSubjects();
    if (typeof subjects === 'string') {
      t.skip(subjects);
      return;
    }
    assert.deepEqual(
      subjects.filter((subject) => subject.length > 72),
      [],
    );
  });
});
