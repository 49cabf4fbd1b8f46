import { visible } from '#src/command-line/visible'
import type { GatewayProblem, Schemas } from '#src/client/client'
import { catalogue } from '#src/problems/catalogue'
import { counted, shellWord } from './text.ts'

/** The known details of the failed command, for the lines. */
export interface Subject {
  /** The words of the command, such as `read`. */
  command: string
  /** The secret's name. */
  name?: string | undefined
  /** The environment's name. */
  env?: string | undefined
  /** The gateway's URL. */
  url?: string | undefined
  /** The variable or option with the token, unless the token comes from a login. */
  tokenFrom?: string | undefined
  /** True if the option that names a version was given. */
  hasVersion?: boolean
}

type Step = (subject: Subject, retryAfter: number | undefined) => string

/** Returns a command line for the subject. */
export const commandFor = (words: string, { name, env }: Subject): string =>
  ['secretsctl', words, ...name === undefined ? [] : [shellWord(name)], ...env === undefined ? [] : ['--env', shellWord(env)]].join(' ')

const again: Step = (_, retryAfter) => retryAfter === undefined ? 'Try again in a moment' : `Try again in ${counted(retryAfter, 'second')}`

const lookThenRepeat: Step = (subject, retryAfter) => `${again(subject, retryAfter)}. If you were writing, first look whether the write was carried out`

const logIn: Step = ({ url, tokenFrom }) => {
  const login = `secretsctl login${url === undefined ? '' : ` --url ${shellWord(url)}`}`
  return tokenFrom === undefined
    ? `The gateway does not accept your token: it is wrong, or has expired. Get a good one with: ${login}`
    : `The gateway does not accept the token in ${tokenFrom}: it is wrong, or has expired. Ask the platform team for a new one, or remove it and run: ${login}`
}

const withoutField: Step = (subject) => `Read the whole value with: ${commandFor('read', subject)} --value`

/** The next step after each problem, in the words of the command line. The API's own advice is about HTTP. */
const steps: Readonly<Record<string, Step>> = {
  'invalid-request': () => 'Correct what is named above, and run the command again',
  unauthenticated: logIn,
  forbidden: () => 'Ask the platform team for the permission. "secretsctl whoami" shows who you are for the gateway',
  'deletion-protected': () => 'Delete it without --force: it can then be restored until its recovery window ends',
  'not-found': () => 'Check the names on the command line. "secretsctl envs" lists the environments that you can see',
  'secret-not-found': (subject) => `Check the name. The secrets are listed by: ${commandFor('list', { ...subject, name: undefined })}`,
  'version-not-found': (subject) => `The versions are listed by: ${commandFor('versions', subject)}`,
  'field-not-found': () => '--field takes a key of a JSON object, or a JSON pointer such as /database/hosts/0; the value has neither',
  'secret-exists': (subject) => `Write a new version of it with: ${commandFor('update', subject)}`,
  'secret-has-no-value': (subject) => `Write its first value with: ${commandFor('update', subject)}`,
  'version-has-no-value': (subject) => `A rotation has begun and will set the value. If the rotation has failed: ${commandFor('rotate', subject)} --stop --discard-pending`,
  'secret-pending-deletion': (subject) => `Restore it with: ${commandFor('restore', subject)}`,
  'secret-has-replicas': (subject) => `To delete its replicas first: ${commandFor('delete', subject)} --detach-replicas`,
  'rotation-in-progress': (subject) => `Wait for it to finish. If it has failed, end it with: ${commandFor('rotate', subject)} --stop --discard-pending`,
  'precondition-not-met': (subject) => `Look at its state with: ${commandFor('read', subject)}`,
  'precondition-failed': (subject) => subject.command === 'update' && subject.hasVersion !== true
    ? `There is no such secret. Create it with: ${commandFor('create', subject)}`
    : `Another writer has changed it. Look at the current version with: ${commandFor('versions', subject)}`,
  'value-not-object': withoutField,
  'value-not-json': withoutField,
  'value-binary': withoutField,
  'rate-limited': again,
  'write-conflict': again,
  'aws-throttled': again,
  'identity-provider-unavailable': again,
  'aws-unavailable': lookThenRepeat,
  'aws-timeout': lookThenRepeat,
  'audit-unavailable': lookThenRepeat,
  overloaded: lookThenRepeat,
  'credential-invalid': () => 'Ask the platform team to check the gateway\'s AWS credentials',
  'internal-error': () => 'Tell the platform team the ID of the request, which is shown below'
}

/** Matches text about HTTP, which is no help to a user of the command line. */
const aboutHttp = /%2F|\b(?:GET|PUT|POST|PATCH|DELETE)\b|Swagger|If-(?:None-)?Match|Retry-After|Idempotency-Key|AWS-Credential-Id|Bearer|`items`|`detail`/

/** Returns the detail of a problem, or undefined if it is only the API's general advice, or about HTTP. */
function detailOf ({ code, detail }: Pick<Schemas['Problem'], 'code' | 'detail'>): string | undefined {
  const isGeneral = Object.hasOwn(catalogue, code) && catalogue[code].advice === detail
  return aboutHttp.test(detail) || (isGeneral && Object.hasOwn(steps, code)) ? undefined : detail
}

/** Returns a problem in one sentence for the tables. */
export function sentenceOf (problem: Pick<Schemas['Problem'], 'code' | 'title' | 'detail'>): string {
  const detail = detailOf(problem)
  return detail === undefined ? problem.title : `${problem.title}: ${detail}`
}

/** The number of errors at which the gateway stops searching for more. */
const mostErrors = 100

/** Returns the lines about a problem: the problem itself, and the next step. */
export function problemLines (problem: GatewayProblem, subject: Subject, step = nextStep(problem, subject)): string[] {
  const { code, requestId, errors, errorCount } = problem
  const details = errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)
  // The gateway may have stopped searching before it found all errors.
  if (errorCount >= mostErrors) details.push('  and possibly more')
  return [sentenceOf(problem), ...details, ...step === undefined ? [] : [visible(step)], `(${code}, request ${requestId})`]
}

function nextStep ({ code, retryAfter }: GatewayProblem, subject: Subject): string | undefined {
  return Object.hasOwn(steps, code) ? steps[code]?.(subject, retryAfter) : undefined
}
