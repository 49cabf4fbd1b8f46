import ts from 'typescript'

/** A small change of a source file that the tests are expected to detect. */
export interface Mutant {
  /** The file's path, relative to the repository's root. */
  readonly file: string
  /** The range of the original text in the file, as offsets in UTF-16 code units. */
  readonly start: number
  readonly end: number
  readonly replacement: string
}

type Replacement = Omit<Mutant, 'file'>

/** The kinds of syntax that have no mutants, because changes to them can't change what the program does. */
const isErased = [ts.isTypeNode, ts.isInterfaceDeclaration, ts.isTypeAliasDeclaration, ts.isImportDeclaration]

/** Maps each operator to the one that replaces it. */
const operators = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.QuestionQuestionToken, '&&'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*']
])

/** Returns all mutants of a file, in the order of their positions. */
export function mutantsOf (file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const mutants: Mutant[] = []
  const visit = (node: ts.Node): void => {
    if (isErased.some((isOfKind) => isOfKind(node))) return
    for (const replacement of replacementsFor(node, source)) mutants.push({ file, ...replacement })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return mutants
}

/** Returns the changes to make to one node of the syntax tree. The changes for its child nodes are not included. */
function replacementsFor (node: ts.Node, source: ts.SourceFile): Replacement[] {
  const replace = (changed: ts.Node, replacement: string): Replacement =>
    ({ start: changed.getStart(source), end: changed.getEnd(), replacement })
  if (ts.isBinaryExpression(node)) {
    const operator = operators.get(node.operatorToken.kind)
    return operator === undefined ? [] : [replace(node.operatorToken, operator)]
  }
  if (ts.isConditionalExpression(node) && !isEquality(node.condition)) {
    return [replace(node.condition, `!(${node.condition.getText(source)})`)]
  }
  if (ts.isIfStatement(node)) return [replace(node.expression, 'false'), replace(node.expression, 'true')]
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [replace(node, `(${node.operand.getText(source)})`)]
  }
  if (ts.isExpressionStatement(node) && isCall(node.expression)) return [replace(node, ';')]
  if (ts.isNumericLiteral(node)) return [replace(node, `(${node.getText(source)} + 1)`)]
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [replace(node, 'false')]
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [replace(node, 'true')]
  if (ts.isRegularExpressionLiteral(node)) return withoutAnchors(node.text).map((changed) => replace(node, changed))
  return []
}

/** Returns true for `===` and `!==`. They replace each other, so negating the comparison would make the same mutant again. */
const isEquality = (condition: ts.Expression): boolean => ts.isBinaryExpression(condition) &&
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(condition.operatorToken.kind)

const isCall = (expression: ts.Expression): boolean =>
  ts.isCallExpression(ts.isAwaitExpression(expression) || ts.isVoidExpression(expression) ? expression.expression : expression)

/** Returns up to two variants of a regular expression: one without the `^` at its start, and one without the `$` at its end. */
function withoutAnchors (literal: string): string[] {
  const [, pattern = '', flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(literal) ?? []
  return [
    ...pattern.startsWith('^') && pattern.length > 1 ? [`/${pattern.slice(1)}/${flags}`] : [],
    ...pattern.endsWith('$') && !pattern.endsWith('\\$') && pattern.length > 1 ? [`/${pattern.slice(0, -1)}/${flags}`] : []
  ]
}
