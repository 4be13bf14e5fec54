import ts from 'typescript';

// knip finds unused exports too, with a second parser, in native code, and twelve more packages. TypeScript is here anyway, and
// the rule that one name has one meaning needs the same lists.

/** What a module imports from another. */
export interface ModuleImport {
  /** As the text names it: `./other.ts`. */
  readonly from: string;
  /** The names that the other module exports; `default`; `*` for all of them. */
  readonly names: readonly string[];
}

function parse(text: string): readonly ts.Statement[] {
  return ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest).statements;
}

/** The names that a module declares and exports; `default`. What it only hands on is the export of another. */
export function findExports(text: string): readonly string[] {
  return parse(text).flatMap((statement) => {
    if (!ts.canHaveModifiers(statement)) return [];
    const kinds = ts.getModifiers(statement)?.map(({ kind }) => kind) ?? [];
    if (!kinds.includes(ts.SyntaxKind.ExportKeyword)) return [];
    if (kinds.includes(ts.SyntaxKind.DefaultKeyword)) return ['default'];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) => namesOf(name));
    }
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.text];
  });
}

/** The names that a pattern of a variable binds. */
function namesOf(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesOf(element.name) : []));
}

/** Where a module is imported and taken apart at once: `const { name } = await import('./other.ts')`. */
const takenApart = /\{([^{}]*)\} = await import\('([^']+)'\)/g;

/** What a module imports, types included. Any other import inside an expression or a type counts as one of all names. */
export function findImports(text: string): readonly ModuleImport[] {
  const inStatements = parse(text).flatMap((statement) => importOf(statement) ?? []);
  const inExpressions = [...text.matchAll(takenApart)].map(([, names = '', from = '']) => ({
    from,
    names: names.split(',').map((each) => each.split(':')[0]?.trim() ?? ''),
  }));
  const named = [...inStatements, ...inExpressions];
  const all = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const others = all.filter((from) => !named.some((each) => each.from === from));
  return [...named, ...others.map((from) => ({ from, names: ['*'] }))];
}

function importOf(statement: ts.Statement): ModuleImport | undefined {
  if (ts.isImportDeclaration(statement)) {
    const { importClause } = statement;
    const names = [
      ...(importClause?.name === undefined ? [] : ['default']),
      ...(importClause?.namedBindings === undefined ? [] : listNames(importClause.namedBindings)),
    ];
    return { from: (statement.moduleSpecifier as ts.StringLiteral).text, names };
  }
  if (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined) {
    const names = statement.exportClause === undefined ? ['*'] : listNames(statement.exportClause);
    return { from: (statement.moduleSpecifier as ts.StringLiteral).text, names };
  }
  return undefined;
}

function listNames(bindings: ts.NamedImportBindings | ts.NamedExportBindings): readonly string[] {
  if (ts.isNamespaceImport(bindings) || ts.isNamespaceExport(bindings)) return ['*'];
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}
