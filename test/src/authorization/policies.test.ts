import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { policySetFrom, type PolicyError, type PolicyIssue } from '#src/authorization/policies'
import { readPolicies } from '#src/authorization/policy-folder'
import { referencesIn } from '#src/authorization/references'

function issues (read: () => unknown): readonly PolicyIssue[] {
  try {
    read()
  } catch (error) {
    return (error as PolicyError).issues
  }
  return []
}

const inText = (text: string): string[] =>
  issues(() => policySetFrom([{ file: 'a.cedar', text }])).map(({ file, line, message }) => `${file}:${line}: ${message}`)

t.test('policies keep their order, and have their @id, text and first line', async (t) => {
  const text = Array.from({ length: 12 }, (_, index) => `// é ${index}\n@id("p${index}") // why\npermit (principal == Caller::"c${index}", action, resource);\n`).join('\n')
  const { policies } = policySetFrom([{ file: 'a.cedar', text }, { file: 'b.cedar', text: '@id("last") permit (principal, action, resource);' }])
  t.same(policies.map(({ id }) => id), [...Array.from({ length: 12 }, (_, index) => `p${index}`), 'last'], 'even with more than ten')
  t.same(policies.map(({ file, line }) => [file, line]), [...Array.from({ length: 12 }, (_, index) => ['a.cedar', 4 * index + 2]), ['b.cedar', 1]])
  t.equal(policies[11]?.text, '@id("p11") // why\npermit (principal == Caller::"c11", action, resource);')
  t.same(policySetFrom([]), { policies: [] })
})

t.test('an issue contains the file, the line and a message', async (t) => {
  const permit = 'permit (principal, action, resource)'
  const refused: readonly (readonly [string, readonly (string | RegExp)[]])[] = [
    [`// é\n\n@id("a") ${permit}`, [/^a\.cedar:3: unexpected end of input \(expected/]],
    [`${permit};`, ['a.cedar:1: the policy has no @id of letters, digits and _.-']],
    [`@id ${permit};`, ['a.cedar:1: the policy has no @id of letters, digits and _.-']],
    [`@id("") ${permit};`, ['a.cedar:1: the policy has no @id of letters, digits and _.-']],
    [`@id("__proto__") ${permit};`, ['a.cedar:1: the policy has no @id of letters, digits and _.-']],
    [`@id("a") ${permit};\n@id("a") ${permit};`, ['a.cedar:2: the @id a is already used in a.cedar:1']],
    [`@id("a") @id("b") ${permit};`, ['a.cedar:1: duplicate annotation: @id']],
    [`@id("a") ${permit};\n@id("b") ${permit};\n@id("a") forbid (principal, action, resource);`, ['a.cedar:3: the @id a is already used in a.cedar:1']],
    ['@id("a") permit (principal == ?principal, action, resource);', ['a.cedar:1: static policy set includes a template']],
    ['// é\n@id("a") permit (principal, action == Action::"GetSecretValues", resource);', [/^a\.cedar:2: unrecognized action `Action::"GetSecretValues"` \(did you mean /]],
    [`// ${'é'.repeat(50)}\n@id("a") permit (principal, action == Action::"x", resource);${'\n'.repeat(50)}`, [/^a\.cedar:2: unrecognized action/]],
    ['@id("a") permit (principal in Team::"x", action, resource);', [/^a\.cedar:1: unrecognized entity type `Team`/]],
    [`@id("a") ${permit}\nwhen { principal.method == Method::"key" };`, [/^a\.cedar:2: entity `Method::"key"` is of an enumerated entity type/]],
    [`@id("a") ${permit} when { context.vpn };`, ['a.cedar:1: attribute `vpn` in context for Action::"AssessPosture" not found (did you mean `credential`?)']],
    [`@id("a") ${permit} when { principal.id == 1 };`, [/^a\.cedar:1: the types Long and String are not compatible/]],
    [`@id("a") ${permit} when { principal.nosuch };\n@id("b") ${permit} when { context.nosuch };`, [/^a\.cedar:1: attribute `nosuch`/, /^a\.cedar:2: attribute `nosuch`/]]
  ]
  for (const [text, expected] of refused) {
    const found = inText(text)
    t.equal(found.length, expected.length, text)
    for (const [index, message] of expected.entries()) t.match(found[index], message)
  }
})

t.test('issues are in the order of their positions', async (t) => {
  const text = Array.from({ length: 12 }, (_, index) => `@id("p${index}") permit (principal, action, resource) when { context.nosuch };`).join('\n')
  t.same(issues(() => policySetFrom([{ file: 'a.cedar', text }])).map(({ line }) => line), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

t.test('a name prefix requires a secret as the resource, because an environment has no name', async (t) => {
  const policy = (resource: string): string[] =>
    inText(`@id("a") permit (principal, action in Action::"read", ${resource})\nwhen { resource.name like "payments/*" };`)
  t.match(policy('resource in Environment::"dev"'), [/^a\.cedar:2: attribute `name` on entity type `Environment` not found/])
  t.same(policy('resource is Secret in Environment::"dev"'), [])
})

t.test('a policy that can never apply is an error', async (t) => {
  t.match(inText('@id("a") permit (principal, action == Action::"GetSecretValue", resource == Environment::"dev");'), [/^a\.cedar:1: .*(unable to find an applicable action|policy is impossible)/])
  t.match(inText('\n@id("a") forbid (principal, action, resource) when { false };'), [/^a\.cedar:2: policy is impossible/])
  t.match(inText('@id("a") forbid (principal == Caller::"a\u202Eb", action, resource);'), [/BIDI control characters/])
})

t.test('the same @id in two files', async (t) => {
  const text = '@id("a") permit (principal, action, resource);'
  t.same(issues(() => policySetFrom([{ file: 'a.cedar', text }, { file: 'b.cedar', text }])), [
    { file: 'b.cedar', line: 1, message: 'the @id a is already used in a.cedar:1' }
  ])
})

t.test('a folder', async (t) => {
  const policy = (id: string): string => `@id("${id}") permit (principal, action, resource);\n`
  const folder = t.testdir({
    'b.cedar': policy('b'),
    'a.cedar': policy('a'),
    deeper: { 'c.cedar': policy('c') },
    'a.cedar.bak': 'not a policy',
    '.#a.cedar': 'not a policy',
    '..data': { 'a.cedar': policy('a') },
    'README.md': 'not a policy'
  })
  t.same(readPolicies(folder).policies.map(({ id, file }) => [id, file]), [
    ['a', join(folder, 'a.cedar')], ['b', join(folder, 'b.cedar')], ['c', join(folder, 'deeper', 'c.cedar')]
  ])
  t.same(readPolicies(t.testdir({})), { policies: [] }, 'an empty folder permits nothing')

  const mounted = t.testdir({ '..data': { 'a.cedar': policy('mounted') } })
  await symlink(join('..data', 'a.cedar'), join(mounted, 'a.cedar'))
  t.same(readPolicies(mounted).policies.map(({ id }) => id), ['mounted'], 'symbolic links, as in a mounted ConfigMap of Kubernetes')
})

t.test('an unreadable folder or file', async (t) => {
  const folder = t.testdir({})
  t.same(issues(() => readPolicies(join(folder, 'none'))), [{ file: join(folder, 'none'), line: 1, message: 'ENOENT on reading it' }])
  await mkdir(join(folder, 'folder.cedar'))
  t.same(issues(() => readPolicies(folder)), [{ file: join(folder, 'folder.cedar'), line: 1, message: 'EISDIR on reading it' }])
  const other = t.testdir({})
  await writeFile(join(other, 'a.cedar'), Buffer.from([0x2f, 0x2f, 0xff, 0x0a]))
  t.same(issues(() => readPolicies(other)), [{ file: join(other, 'a.cedar'), line: 1, message: 'the file is not UTF-8' }])
})

t.test('the references of a policy', async (t) => {
  const { policies } = policySetFrom([{
    file: 'a.cedar',
    text: `@id("a") permit (principal in Group::"g", action in [Action::"read"], resource is Secret in Environment::"dev")
      when { [Credential::"c", Credential::"d"].contains(context.credential) } unless { resource == Secret::"prod/x" };`
  }])
  t.same(policies.flatMap(referencesIn).filter(({ type }) => type !== 'Action').map(({ type, id }) => `${type} ${id}`).sort(),
    ['Credential c', 'Credential d', 'Environment dev', 'Group g', 'Secret prod/x'])
})
