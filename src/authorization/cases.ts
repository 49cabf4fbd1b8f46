import { Type, type Static } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { isNode, LineCounter, parseDocument, type Document } from 'yaml'
import { environmentNamePattern } from '#src/environments/environment'
import { closed, Enum, Id } from '#src/schema/types'
import { actionNames, type Action } from './actions.ts'
import { policyAuthorizer } from './authorizer.ts'
import type { Authorize, Decision, Question } from './decision.ts'
import { PolicyError, type PolicyFile, type PolicyIssue, type PolicySet } from './policies.ts'
import { filesIn } from './policy-folder.ts'
import { methods } from './schema.ts'
import { seesEnvironment } from './visibility.ts'

const text = Type.String({ minLength: 1 })

/** A test case: a caller, a resource, one or more actions, and the decision expected for all of them. */
const CaseSchema = Type.Object({
  title: text,
  caller: Type.Object({
    id: text,
    groups: Type.Array(text, { default: [] }),
    method: Enum(methods, { default: 'api-key' })
  }, closed),
  actions: Type.Array(Enum(actionNames), { minItems: 1, uniqueItems: true }),
  environment: Type.Optional(Type.String({ pattern: environmentNamePattern })),
  name: Type.Optional(text),
  credential: Id(),
  expect: Enum(['allow', 'deny']),
  /** The policies expected to determine the decision. If absent, any policies may determine it. */
  policies: Type.Optional(Type.Array(Id(), { uniqueItems: true }))
}, closed)

type Case = Static<typeof CaseSchema> & { file: string }

const CasesSchema = Type.Array(CaseSchema, { minItems: 1 })

const validate = new Ajv({ allErrors: true, useDefaults: true }).compile<Static<typeof CasesSchema>>(CasesSchema)

/** Reads the test cases in the `*.test.yaml` files of a folder. @throws PolicyError with all issues in the files */
export function readCases (folder: string): Case[] {
  const files = filesIn(folder, '.test.yaml').map(parseCases)
  const issues = files.flatMap((parsed) => parsed.issues)
  if (issues.length > 0) throw new PolicyError(issues)
  return files.flatMap(({ cases }) => cases)
}

function parseCases ({ file, text }: PolicyFile): { cases: Case[], issues: PolicyIssue[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { uniqueKeys: true, strict: true, prettyErrors: false, lineCounter: lines })
  const [error] = document.errors
  const lineAt = (offset: number): number => lines.linePos(offset).line
  if (error !== undefined) return { cases: [], issues: [{ file, line: lineAt(error.pos[0]), message: `not YAML: ${error.code}` }] }
  const content: unknown = document.toJS({ maxAliasCount: 100 })
  if (validate(content)) return { cases: content.map((one) => ({ ...one, file })), issues: [] }
  const issues = (validate.errors ?? []).map(({ instancePath, message = '', params }) => {
    const path = instancePath.split('/').slice(1)
    const { additionalProperty = '' } = params as { additionalProperty?: string }
    const text = [path.join('.'), message, additionalProperty].filter(Boolean).join(' ')
    return { file, line: lineAt(offsetOf(document, path)), message: text }
  })
  return { cases: [], issues }
}

/** Returns a node's offset in the file, in characters. Returns 0 if the node does not exist. */
function offsetOf (document: Document, path: readonly string[]): number {
  const node = document.getIn(path.map((part) => /^\d+$/.test(part) ? Number(part) : part), true)
  return isNode(node) ? node.range?.[0] ?? 0 : 0
}

/** The result for one action of a test case. */
export interface CaseResult extends Pick<Case, 'file' | 'title' | 'expect'> {
  readonly action: Action
  readonly decision: Decision
  /** The reason for a failure; absent if the test passed. */
  readonly mismatch?: string
}

/** Runs test cases. As in the gateway, a caller that isn't allowed to see an environment is denied every action in it. */
export function runCases (policySet: PolicySet, cases: readonly Case[]): CaseResult[] {
  const failures: string[] = []
  const authorize = policyAuthorizer(policySet, ({ message }) => { failures.push(message) })
  return cases.flatMap((one) => one.actions.map((action) => {
    const { file, title, expect, environment } = one
    const question = questionOf(one, action)
    const decision = authorize(question)
    const isHidden = environment !== undefined && decision.allowed && !sees(authorize, question, environment)
    const [failure] = failures.splice(0)
    const mismatch = failure ?? mismatchOf(one, decision, isHidden)
    return { file, title, expect, action, decision, ...(mismatch !== undefined && { mismatch }) }
  }))
}

const questionOf = ({ caller, environment, name, credential }: Case, action: Action): Question => ({
  caller,
  action,
  credentialId: credential,
  ...(environment !== undefined && { environment }),
  ...(name !== undefined && { name })
})

const sees = (authorize: Authorize, { caller, credentialId }: Question, environment: string): boolean =>
  seesEnvironment(authorize, caller, { name: environment, credential: credentialId, allowedCredentials: [credentialId] }).allowed

function mismatchOf (expected: Case, { allowed, policies }: Decision, isHidden: boolean): string | undefined {
  const found = allowed && !isHidden ? 'allow' : 'deny'
  const by = isHidden ? 'since the caller may not DescribeEnvironment' : `by ${policies.join(', ') || 'no policy'}`
  const isBy = expected.policies === undefined || [...expected.policies].sort().join() === policies.join()
  return found === expected.expect && isBy ? undefined : `the answer is ${found}, ${by}`
}
