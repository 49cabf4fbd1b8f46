import {
  policySetTextToParts, policyToJson, validate, type DetailedError, type PolicyJson, type ValidationAnswer
} from '@cedar-policy/cedar-wasm/nodejs'
import { idPattern } from '#src/schema/types'
import { cedarSchema } from './schema.ts'

/** A file of policies or test cases. */
export interface PolicyFile {
  readonly file: string
  readonly text: string
}

/** A parsed and validated policy. */
export interface Policy {
  /** The `@id` annotation. */
  readonly id: string
  readonly text: string
  readonly json: PolicyJson
  readonly file: string
  /** The line on which the policy begins, counted from 1. */
  readonly line: number
}

/** A validated set of policies with unique IDs. */
export interface PolicySet {
  readonly policies: readonly Policy[]
}

/** An issue in a file of policies or test cases. */
export interface PolicyIssue {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** Thrown if files of policies or test cases are invalid. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly issues: readonly PolicyIssue[]

  constructor (issues: readonly PolicyIssue[]) {
    super(issues.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'))
    this.issues = issues
  }
}

const isId = new RegExp(idPattern, 'u')

/**
 * Parses policies and validates them against the schema. Warnings count as errors, because they show that a policy does not do
 * what its author intended, for example that it can never apply.
 *
 * @throws PolicyError with all issues
 */
export function policySetFrom (files: readonly PolicyFile[]): PolicySet {
  const issues = files.flatMap(validationIssues)
  if (issues.length > 0) throw new PolicyError(issues)
  const policies = files.flatMap(policiesOf)
  const idProblems = policies.flatMap((policy, index) => idIssues(policy, policies.slice(0, index)))
  if (idProblems.length > 0) throw new PolicyError(idProblems)
  return { policies }
}

function validationIssues ({ file, text }: PolicyFile): PolicyIssue[] {
  const answer = validate({ schema: cedarSchema, policies: { staticPolicies: text } })
  // Cedar's offsets are in bytes.
  const bytes = Buffer.from(text)
  return mostSevere(answer).map((error) => ({ file, line: lineAt(bytes, startOf(error)), message: messageOf(error) }))
}

/**
 * Returns the errors or, if there are none, the warnings. If there are errors, the warnings may only be their consequences, and
 * are left out. Returns at most one error or warning per position.
 */
function mostSevere (answer: ValidationAnswer): DetailedError[] {
  const [errors, warnings] = answer.type === 'failure'
    ? [answer.errors, []]
    : [answer.validationErrors.map(({ error }) => error), answer.validationWarnings.map(({ error }) => error)]
  const found = errors.length > 0 ? errors : warnings
  // Cedar may report the same issue once per action, in an arbitrary order.
  const byMessage = found.toSorted((one, other) => one.message < other.message ? -1 : 1)
  const byPlace = Array.from(Map.groupBy(byMessage, startOf)).sort(([one], [other]) => one - other)
  return byPlace.flatMap(([, alike]) => alike.slice(0, 1))
}

const startOf = ({ sourceLocations = [] }: DetailedError): number => sourceLocations[0]?.start ?? 0

/** The parts to remove from Cedar's messages. The generated IDs policy0, policy1 … mean nothing to a reader. */
const noise = /^for policy `policy\d+`[:,] |^failed to parse policies from string: /

function messageOf ({ message, help, sourceLocations = [] }: DetailedError): string {
  const [text = '', ...hints] = [message, sourceLocations[0]?.label, help].flatMap((part) => part?.replace(noise, '') ?? [])
  return [text, ...hints.map((hint) => `(${hint})`)].join(' ')
}

const lineAt = (text: Buffer | string, offset: number): number => text.slice(0, offset).toString().split('\n').length

/** Splits a valid file into its policies, in the order in which they appear. */
function policiesOf ({ file, text }: PolicyFile): Policy[] {
  const parts = policySetTextToParts(text)
  if (parts.type === 'failure') throw new TypeError('Cedar does not find the policies in a text that it has validated')
  let end = 0
  return parts.policies.toSorted((one, other) => text.indexOf(one) - text.indexOf(other)).map((policy) => {
    const start = text.indexOf(policy, end)
    end = start + policy.length
    const json = jsonOf(policy)
    return { id: json.annotations?.id ?? '', text: policy, json, file, line: lineAt(text, start) }
  })
}

function jsonOf (policy: string): PolicyJson {
  const answer = policyToJson(policy)
  if (answer.type === 'failure') throw new TypeError('Cedar does not parse a policy that it has validated')
  return answer.json
}

function idIssues ({ id, file, line }: Policy, before: readonly Policy[]): PolicyIssue[] {
  if (!isId.test(id)) return [{ file, line, message: 'the policy has no @id of letters, digits and _.-' }]
  const first = before.find((other) => other.id === id)
  return first === undefined ? [] : [{ file, line, message: `the @id ${id} is already used in ${first.file}:${first.line}` }]
}
