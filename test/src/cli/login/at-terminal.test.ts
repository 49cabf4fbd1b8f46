import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { startPeopleIssuer } from '#test/people-issuer'
import { noTerminal, secretsctlTerminal, type Answer } from '#test/secretsctl'
import { fast, inParallel, newUser } from '#test/src/cli/command-rows'

// The questions of `login`, besides the one for the token, which test/src/cli/command-rows.ts has.

const controlC = '\u0003'

/** What is typed at the questions, and what the screen then shows. */
interface Case {
  name: string
  answers: readonly Answer[]
  status: number
  screen: RegExp
}

const pasted: Answer = { after: '(not shown): ', type: `${tokens.administrator}\r` }

/** Runs `login` at a terminal, in a folder, as a user who has never logged in. */
async function ask (t: Test, gateway: Gateway, folder: string, args: readonly string[], cases: readonly Case[]): Promise<void> {
  await inParallel(cases, async ({ name, answers, ...expected }) => {
    const { status, screen } = await secretsctlTerminal(gateway, ['login', ...args], answers, {
      ...fast, folder, env: newUser({ gateway, folder, isTerminal: true, name })
    })
    t.match({ status, screen }, expected, name)
    t.notMatch(screen, tokens.administrator, `${name}: no token`)
  })
}

t.test('the URL of the gateway', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  const question = 'URL of the gateway: '
  await ask(t, gateway, t.testdir({}), [], [
    {
      name: 'answered', status: 0, answers: [{ after: question, type: `${gateway.url}/\r` }, pasted],
      screen: new RegExp(`^URL of the gateway: ${gateway.url}/\nAPI key or other token for ${gateway.url} \\(not shown\\): \nLogged in to ${gateway.url} as administrator\n`)
    },
    { name: 'not a URL', status: 2, answers: [{ after: question, type: 'gateway\r' }], screen: /^URL of the gateway: gateway\n'gateway' is not an HTTP URL, such as https:/ },
    { name: 'cancelled', status: 130, answers: [{ after: question, type: controlC }], screen: /^URL of the gateway: \nNothing was sent\n$/ }
  ])
})

t.test('whether to trust a gateway that only a project file names', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  const folder = t.testdir({})
  writeFileSync(join(folder, '.secretsctl.yaml'), `gateway: ${gateway.url}\n`, { mode: 0o600 })
  const question = '[y/N] '
  const asked = (answer: string, then: string): RegExp => new RegExp(
    `^Only \\S+/\\.secretsctl\\.yaml names this gateway, and anybody can write such a file\nLog in to ${gateway.url} for the first time, with a token\\? \\[y/N\\] ${answer}\n${then}`
  )
  await ask(t, gateway, folder, [], [
    { name: 'accepted', status: 0, answers: [{ after: question, type: 'y\r' }, pasted], screen: asked('y', 'API key .*\nLogged in to .* as administrator\n') },
    { name: 'declined', status: 1, answers: [{ after: question, type: 'n\r' }], screen: asked('n', `You are not logged in to ${gateway.url}\n$`) },
    { name: 'cancelled', status: 130, answers: [{ after: question, type: controlC }], screen: asked('', 'Nothing was sent\n$') }
  ])
})

t.test('whether to trust a gateway with an issuer', { skip: noTerminal }, async (t) => {
  const issuer = await startPeopleIssuer(t)
  const gateway = await build(t, { authentication: { ...declared.authentication, oidc: [issuer.settings] } })
  const question = '[y/N] '
  const asked = (answer: string, then: string): RegExp => new RegExp(
    `^Log in to ${gateway.url} for the first time, with the issuer people \\(${issuer.settings.issuer}\\)\\? \\[y/N\\] ${answer}\n${then}\n$`
  )
  await ask(t, gateway, t.testdir({}), ['--url', gateway.url, '--device'], [
    { name: 'declined', status: 1, answers: [{ after: question, type: 'n\r' }], screen: asked('n', `You are not logged in to ${gateway.url}`) },
    { name: 'cancelled', status: 130, answers: [{ after: question, type: controlC }], screen: asked('', 'Nothing was sent') }
  ])
  t.same(issuer.requests, [], 'nothing was sent to the issuer')
})
