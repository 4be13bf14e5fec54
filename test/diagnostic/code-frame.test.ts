import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { renderDiagnostics } from '../../src/diagnostic/code-frame.ts';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';

/** A diagnostic about the stretch of text between the two `«»` marks. */
function diagnose(marked: string, extra: Partial<Diagnostic> = {}): Diagnostic {
  const offset = marked.indexOf('«');
  const length = marked.indexOf('»') - offset - 1;
  const text = marked.replace('«', '').replace('»', '');
  const source = { name: 'a.json', text };
  return {
    severity: 'error',
    code: 'wrong-type',
    message: 'it is wrong',
    source,
    span: { offset, length },
    ...extra,
  };
}

function render(...diagnostics: Diagnostic[]): string[] {
  return renderDiagnostics(diagnostics, { colour: false }).split('\n');
}

describe('a code frame', () => {
  test('underlines exactly the span', () => {
    assert.deepEqual(render(diagnose('{\n  "SubnetLen": «"24"»\n}', { hint: 'write 24' })), [
      'a.json:2:16 error[wrong-type]: it is wrong',
      '  2 |   "SubnetLen": "24"',
      '    |                ^^^^',
      '  hint: write 24',
    ]);
  });

  test('expands tabs for the code and the marks alike', () => {
    assert.deepEqual(render(diagnose('{\n\t"a":\t«tru»,\n}')).slice(1), [
      '  2 |     "a":    tru,',
      '    |             ^^^',
    ]);
  });

  test('covers a tab with marks as wide as the tab', () => {
    assert.deepEqual(render(diagnose('a«\t»b')).slice(1), ['  1 | a   b', '    |  ^^^']);
  });

  test('shows of a line of a megabyte what it shows of a short one', () => {
    const [filler, around] = ['日\t'.repeat(200_000), 'x'.repeat(3000)];
    const [, code, marks] = render(diagnose(`${filler}${around}«tru»${around}${filler}`));
    const short = render(diagnose(`${around.slice(0, 200)}«tru»${around.slice(0, 200)}`));
    assert.deepEqual([code, marks], short.slice(1));
  });

  test('counts wide and combining characters as a terminal does', () => {
    assert.deepEqual(render(diagnose('"日本e\u0301": «x»')).slice(1), [
      '  1 | "日本e\u0301": x',
      '    |          ^',
    ]);
  });

  test('marks the place after the last character at the end of a file', () => {
    assert.deepEqual(render(diagnose('{\n  "a": 1«»')), [
      'a.json:2:9 error[wrong-type]: it is wrong',
      '  2 |   "a": 1',
      '    |         ^',
    ]);
    assert.deepEqual(render(diagnose('«»')), [
      'a.json:1:1 error[wrong-type]: it is wrong',
      '  1 |',
      '    | ^',
    ]);
    assert.deepEqual(render(diagnose('{\n«»')).slice(1), ['  2 |', '    | ^']);
  });

  test('leaves carriage returns out', () => {
    assert.deepEqual(render(diagnose('{\r\n "a": «1\r\n»}')).slice(1), ['  2 |  "a": 1', '    |       ^']);
  });

  test('shows each line of a span over several lines, without its indent', () => {
    assert.deepEqual(render(diagnose('{\n  "a": «[\n    1\n  ]»\n}')).slice(1), [
      '  2 |   "a": [',
      '    |        ^',
      '  3 |     1',
      '    |     ^',
      '  4 |   ]',
      '    |   ^',
    ]);
  });

  test('leaves out the middle of a span over many lines, and aligns the numbers', () => {
    const text = `«[\n${'  1,\n'.repeat(9)}]»`;
    assert.deepEqual(render(diagnose(text)).slice(1), [
      '   1 | [',
      '     | ^',
      '   2 |   1,',
      '     |   ^^',
      '   3 |   1,',
      '     |   ^^',
      '     …',
      '  11 | ]',
      '     | ^',
    ]);
  });

  test('clips a long line around the span', () => {
    const [, code = '', marks = ''] = render(diagnose(`${'a'.repeat(300)}«WRONG»${'b'.repeat(300)}`));
    assert.equal(code, `  1 | …${'a'.repeat(24)}WRONG${'b'.repeat(67)}…`);
    assert.equal(marks, `    | ${' '.repeat(25)}^^^^^`);
  });

  test('clips only the right of a long line whose span is near its start', () => {
    const [, code = '', marks = ''] = render(diagnose(`ab«WRONG»${'c'.repeat(300)}`));
    assert.equal(code, `  1 | abWRONG${'c'.repeat(89)}…`);
    assert.equal(marks, '    |   ^^^^^');
  });

  test('fills the width when the span is near the end of a long line', () => {
    const [, code = '', marks = ''] = render(diagnose(`${'a'.repeat(300)}«WRONG»`));
    assert.equal(code, `  1 | …${'a'.repeat(90)}WRONG`);
    assert.equal(marks, `    | ${' '.repeat(91)}^^^^^`);
  });

  test('underlines what can be seen of a span wider than the frame', () => {
    const [, code = '', marks = ''] = render(diagnose(`«${'a'.repeat(500)}»`));
    assert.equal(code, `  1 | ${'a'.repeat(96)}…`);
    assert.equal(marks, `    | ${'^'.repeat(96)}`);
  });
});

test('a text cannot drive the terminal', () => {
  const hostile = '\u001b]0;owned\u0007 \u202e \u009b';
  const shown = renderDiagnostics([diagnose(`«${hostile}»`, { message: hostile, hint: hostile })], {
    colour: false,
  });
  assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.match(shown, /␛]0;owned␇/);
});

test('several diagnostics are apart by an empty line, and a warning says so', () => {
  const shown = render(diagnose('«a»'), diagnose('«b»', { severity: 'warning' }));
  assert.deepEqual(shown.slice(2, 5), ['    | ^', '', 'a.json:1:1 warning[wrong-type]: it is wrong']);
});

test('colour adds nothing but colour', () => {
  const diagnostics = [
    diagnose('{\n  "a": «[\n1]»}', { hint: 'so' }),
    diagnose('«x»', { severity: 'warning' }),
  ];
  const coloured = renderDiagnostics(diagnostics, { colour: true });
  const plain = renderDiagnostics(diagnostics, { colour: false });
  assert.notEqual(coloured, plain);
  assert.equal(stripVTControlCharacters(coloured), plain);
});

test('any span of any text can be shown, with marks below the code', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '\t', '\n', '\r\n', '日', '😀', '\u0301', '\ud800') }),
      fc.nat(40),
      fc.nat(40),
      (text, offset, length) => {
        const diagnostic = { ...diagnose('«»'), source: { name: 'a', text }, span: { offset, length } };
        // The one row that stands for the middle of a long span has no marks below it.
        const lines = render(diagnostic)
          .slice(1)
          .filter((line) => !/^ +…$/.test(line));
        assert.ok(lines.length >= 2 && lines.length % 2 === 0);
        for (const [index, line] of lines.entries()) {
          if (index % 2 === 1) assert.match(line, /^ +\| *\^+$/);
        }
      },
    ),
    { examples: [['\n\n\r\n\n\na', 0, 7]] },
  );
});
