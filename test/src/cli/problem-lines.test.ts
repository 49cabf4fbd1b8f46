import t from 'tap'
import { problemLines, type Subject } from '#src/cli/problem-lines'
import { GatewayProblem } from '#src/client/problems'
import { catalogue, type ProblemCode } from '#src/problems/catalogue'

const codes = Object.keys(catalogue) as ProblemCode[]

/** Returns the lines about a problem, as one text. */
function textOf (code: ProblemCode, subject: Subject, retryAfter?: number): string {
  const { title, status, advice } = catalogue[code]
  const problem = { type: 'urn:x', instance: 'urn:y', title, status, detail: advice, code, requestId: 'r' }
  return problemLines(new GatewayProblem(problem, retryAfter), subject).join('\n')
}

t.test('the next step after each problem names only what is known', async (t) => {
  for (const code of codes) {
    const text = textOf(code, { command: 'read' })
    t.match(text, new RegExp(`\\n\\(${code}, request r\\)$`))
    t.notMatch(text, /undefined|--env|--url/, code)
    t.notMatch(text, /%2F|\b(?:GET|PUT|POST|PATCH|DELETE)\b|Swagger/, `${code}: nothing about HTTP`)
  }
})

t.test('a command in the next step is complete, and can be copied into a shell', async (t) => {
  const subject = { command: 'read', name: 'pay/it\'s', env: 'dev', url: 'https://gateway.example' }
  for (const code of codes) {
    const [, command] = /: (secretsctl .*)/.exec(textOf(code, subject)) ?? []
    if (command === undefined) continue
    t.match(command, code === 'unauthenticated' ? / --url https:\/\/gateway\.example$/ : / --env dev\b/, code)
    if (command.includes('pay/')) t.match(command, /'pay\/it'\\''s'/, code)
  }
  t.match(textOf('secret-exists', subject), /secretsctl update 'pay\/it'\\''s' --env dev\n/)
})

t.test('the time to wait is named if the gateway has named it', async (t) => {
  t.match(textOf('rate-limited', { command: 'read' }), /\nTry again in a moment\n/)
  t.match(textOf('rate-limited', { command: 'read' }, 1), /\nTry again in 1 second\n/)
  t.match(textOf('overloaded', { command: 'read' }, 20), /\nTry again in 20 seconds\. If you were writing, first look whether the write was carried out\n/)
})

t.test('a user who has to log in is told where the token came from', async (t) => {
  t.match(textOf('unauthenticated', { command: 'read' }), /does not accept your token: .*with: secretsctl login\n/)
  t.match(textOf('unauthenticated', { command: 'read', tokenFrom: '--token' }), /does not accept the token in --token: /)
})

t.test('a version that is not current has two causes', async (t) => {
  t.match(textOf('precondition-failed', { command: 'update', name: 'a' }), /There is no such secret\. Create it with: secretsctl create a\n/)
  for (const subject of [{ command: 'update', name: 'a', hasVersion: true }, { command: 'delete', name: 'a' }]) {
    t.match(textOf('precondition-failed', subject), /Another writer has changed it\. .*: secretsctl versions a\n/)
  }
})
