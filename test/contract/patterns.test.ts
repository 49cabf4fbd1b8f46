import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const root = join(import.meta.dirname, '..', '..')

/**
 * The patterns, keyed by file, that deliberately have only one of the anchors `^` and `$`, or anchors in several alternatives.
 * Every other pattern with an anchor must have both. With only one, a check accepts whatever precedes or follows a valid value.
 */
const partial: Readonly<Record<string, readonly string[]>> = {
  // The source joins these two parts into one pattern, which has both anchors.
  'src/audit/record.ts': [
    '^(\\{"sequence":([1-9]\\d{0,14}),.*,"previous":"([0-9a-f]{64})"(,"signed":true)?)',
    ',"hash":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\\}$'
  ],
  'src/authentication/caller-identity-reply.ts': ['^\\s*(<\\?xml[^<>]*\\?>\\s*)?<GetCallerIdentityResponse[\\s>]'],
  'src/authentication/key-set.ts': ['\\/$'],
  'src/authorization/policies.ts': ['^for policy `policy\\d+`[:,] |^failed to parse policies from string: '],
  'src/aws/call.ts': ['^(?:BatchGet|Describe|Get|List|Validate)', 'Command$'],
  'src/aws/exception-rules.ts': ['^(?:The variable \\w+ is not set$|Could not (?:resolve|load) credentials )', '^Invalid response from STS'],
  'src/aws/kms-keys.ts': ['^key\\/'],
  'src/cli/commands/edit.ts': ['\\r?\\n$'],
  'src/cli/csv.ts': ['^[=+\\-@\\t\\r]'],
  'src/cli/help.ts': [' \\((?:default: (?:\\[\\]|\\{\\})|preset: [^)]*)\\)$'],
  'src/cli/import-file.ts': ['\\.(\\w+)$'],
  'src/cli/profiles/profiles.ts': ['\\/+$'],
  'src/cli/variables.ts': ['^\\/+'],
  'src/config/issues.ts': ['^[a-z]'],
  'src/config/shared.ts': ['^\\[|\\]$', '\\r?\\n$'],
  'src/config/tracing.ts': ['\\/$'],
  // The first pattern matches the end of a name. The other two are arguments of a call that replaces the end of a pattern.
  'src/environments/names.ts': ['-[A-Za-z0-9]{6}$', '+$', '*$'],
  'src/http/etag.ts': ['^W\\/'],
  'src/http/numbers.ts': ['^0+'],
  'src/http/schema-errors.ts': ['\\/\\d+\\/type$'],
  'src/iam/kms-key.ts': ['^key\\/'],
  'src/json/field.ts': ['^\\uFEFF'],
  'src/local-backend/accounts.ts': ['^arn:aws[a-z-]*:(?:iam|sts)::${accountId}:.'],
  'src/local-backend/rotation/invoke-endpoint.ts': ['\\/2015-03-31\\/functions\\/[^/]+\\/invocations$'],
  'src/local-backend/rotation/rotation-functions.ts': ['^https?:'],
  'src/local-backend/rules/condition-context.ts': [':user\\/(?:.*\\/)?([^/]+)$', '^(?:127\\.|::1$)'],
  'src/local-backend/rules/cron.ts': ['^\\d+$|^\\d*\\/\\d+$'],
  'src/local-backend/rules/kms-key.ts': ['^key\\/'],
  'src/local-backend/rules/secret-id.ts': ['-(?!\\d{6}$)[A-Za-z0-9]{6}$', '^arn:aws[a-z-]*:secretsmanager:([^:]+):(\\d{12}):secret:.'],
  'src/local-backend/rules/tags.ts': ['^aws:'],
  'src/local-backend/service.ts': ['^::ffff:'],
  'src/local-backend/sts/identity-providers.ts': ['^https?:\\/\\/'],
  'src/local-backend/sts/trust.ts': ['^https?:\\/\\/'],
  'src/pages/console/main.js': ['^#\\/?', '[^/]*$'],
  'src/pages/shared/session.js': ['^Bearer\\s+'],
  'src/request/steps/find-route.ts': ['^\\/environments\\/[^/]+\\/secrets\\/[^/]+\\/[^/]'],
  'src/secrets/bulk/items.ts': ['^aws:'],
  'src/secrets/posture/public-policy.ts': ['^(?:0\\.|::|[\\d.]+\\/[0-7]$|[\\da-f:]+\\/(?:[12]?\\d|3[01])$)'],
  'src/secrets/references/identifiers.ts': ['^[A-Za-z]', '^\\.*$|^\\.\\.', '^_+|_+$', '^-+|-+$'],
  'src/shared/failures.ts': ['^(LOADING|READONLY|MASTERDOWN|MISCONF|NOAUTH|WRONGPASS|NOREPLICAS|CLUSTERDOWN)\\b', '^[A-Z]+ ']
}

interface FoundPattern { file: string, pattern: string, isLiteral: boolean }

/** Returns the pattern of a regular expression, or the text of a string, which may be a pattern. */
function textOf (node: ts.Node): { text: string, isLiteral: boolean } | undefined {
  if (ts.isRegularExpressionLiteral(node)) return { text: node.text.replace(/^\/|\/[a-z]*$/g, ''), isLiteral: true }
  if (ts.isStringLiteralLike(node)) return { text: node.text, isLiteral: false }
  return ts.isTemplateExpression(node) ? { text: node.getText().slice(1, -1), isLiteral: false } : undefined
}

/** Returns the regular expressions of the source, and the strings that look like anchored patterns. */
function allPatterns (): FoundPattern[] {
  const files = globSync('{src,plugins,routes}/**/*.{ts,js}', { cwd: root }).filter((file) => file !== 'src/client/schema.ts')
  return files.flatMap((file) => {
    const found: FoundPattern[] = []
    const visit = (node: ts.Node): void => {
      const part = textOf(node)
      if (part !== undefined) found.push({ file, pattern: part.text, isLiteral: part.isLiteral })
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true))
    return found.filter(({ pattern, isLiteral }) => isLiteral || (begins(pattern) && pattern.length > 1) || /[\])}+*?]\$$/.test(pattern))
  })
}

const begins = (pattern: string): boolean => pattern.startsWith('^')
const ends = (pattern: string): boolean => /(?<!\\)\$$/.test(pattern)

/**
 * Returns true if a pattern has alternatives outside of any group. An anchor then applies to one alternative only. In `^a|b$`,
 * for example, `^` applies only to `a`, and `$` only to `b`.
 */
function hasAlternatives (pattern: string): boolean {
  const bare = pattern.replace(/\\./gs, '').replace(/\[[^\]]*\]/g, '')
  let depth = 0
  for (const character of bare) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === '|' && depth === 0) return true
  }
  return false
}

t.test('a pattern that is anchored at one end is anchored at the other end, too', async (t) => {
  const patterns = allPatterns()
  const anchored = patterns.filter(({ pattern }) => begins(pattern) && ends(pattern) && !hasAlternatives(pattern))
  t.ok(anchored.length > 100, `${anchored.length} patterns match a whole text`)
  const half = patterns.filter(({ pattern }) => (begins(pattern) || ends(pattern)) && (begins(pattern) !== ends(pattern) || hasAlternatives(pattern)))
  const unknown = half.filter(({ file, pattern }) => partial[file]?.includes(pattern) !== true)
  t.same(unknown, [], 'each exception is in the list above')
  const unused = Object.entries(partial).flatMap(([file, list]) =>
    list.filter((pattern) => !half.some((one) => one.file === file && one.pattern === pattern)).map((pattern) => ({ file, pattern })))
  t.same(unused, [], 'and each one in the list exists')
})

t.test('the check detects a missing anchor', async (t) => {
  for (const pattern of ['^a|b$', '^[|]|b$', 'x|^(?:a|b)$']) t.ok(hasAlternatives(pattern), pattern)
  for (const pattern of ['^(?:a|b)$', '^[a|b]$', '^a\\|b$', '^(?:a|[(])$']) t.notOk(hasAlternatives(pattern), pattern)
  t.ok(ends('^a$') && !ends('^a\\$') && !ends('^a') && begins('^a') && !begins('a$'))
})
