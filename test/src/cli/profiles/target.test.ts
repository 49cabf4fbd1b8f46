import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { GlobalOptions } from '#src/cli/global-options'
import type { Profile, Profiles, Project } from '#src/cli/profiles/profiles'
import { targetOf, type Target } from '#src/cli/profiles/target'
import { terminalOf } from '#src/cli/terminal'

const profile = (url: string, environment?: string): Profile => ({ url, ...environment !== undefined && { environment }, credential: { kind: 'token', token: 'stored' } })

const profiles: Profiles = { current: 'mine', profiles: { mine: profile('https://mine'), work: profile('https://work', 'dev'), again: profile('https://work') } }

interface Situation {
  options?: GlobalOptions
  env?: NodeJS.ProcessEnv
  project?: Omit<Project, 'file'>
  stored?: Profiles
}

/** Decides in a situation, in which the user has the profiles above. */
function decider (t: Test): (situation: Situation) => Target {
  return ({ options = {}, env = {}, project, stored = profiles }) => {
    const XDG_CONFIG_HOME = t.testdir({ secretsctl: { 'profiles.json': JSON.stringify(stored) } })
    chmodSync(join(XDG_CONFIG_HOME, 'secretsctl'), 0o700)
    chmodSync(join(XDG_CONFIG_HOME, 'secretsctl', 'profiles.json'), 0o600)
    const terminal = terminalOf({ ...process, env: { XDG_CONFIG_HOME, ...env } })
    return targetOf(options, { ...terminal, project: () => project === undefined ? undefined : { file: '.secretsctl.yaml', ...project } })
  }
}

t.test('what chooses the gateway', async (t) => {
  const decide = decider(t)
  const [mine, work] = [profiles.profiles.mine, profiles.profiles.work] as [Profile, Profile]
  const SECRETS_GATEWAY_URL = 'https://variable/'
  t.strictSame(decide({}), { url: 'https://mine', from: 'the current profile', login: { name: 'mine', profile: mine } })
  t.strictSame(decide({ project: { environment: 'dev' } }), { url: 'https://mine', from: 'the current profile', login: { name: 'mine', profile: mine } })
  t.strictSame(decide({ project: { profile: 'work' } }), { url: 'https://work', from: '.secretsctl.yaml', environment: 'dev', login: { name: 'work', profile: work } })
  t.strictSame(decide({ project: { gateway: 'https://project' } }), { url: 'https://project', from: '.secretsctl.yaml' })
  t.strictSame(decide({ project: { gateway: 'https://project' }, env: { SECRETS_GATEWAY_PROFILE: 'work' } }), {
    url: 'https://work', from: 'SECRETS_GATEWAY_PROFILE', environment: 'dev', login: { name: 'work', profile: work }
  })
  t.strictSame(decide({ env: { SECRETS_GATEWAY_URL, SECRETS_GATEWAY_PROFILE: 'work' } }), { url: 'https://variable', from: 'SECRETS_GATEWAY_URL' })
  t.strictSame(decide({ env: { SECRETS_GATEWAY_URL: '', SECRETS_GATEWAY_PROFILE: '' } }).from, 'the current profile')
  t.strictSame(decide({ options: { profile: 'mine' }, env: { SECRETS_GATEWAY_URL } }), { url: 'https://mine', from: '--profile', login: { name: 'mine', profile: mine } })
  t.strictSame(decide({ options: { url: 'https://work/', profile: 'mine' } }), { url: 'https://work', from: '--url', environment: 'dev', login: { name: 'work', profile: work } })
})

t.test('which token is sent', async (t) => {
  const decide = decider(t)
  const env = { SECRETS_GATEWAY_TOKEN: 'variable' }
  t.strictSame(decide({ env }), { url: 'https://mine', from: 'the current profile', token: 'variable' })
  t.strictSame(decide({ env, options: { url: 'https://work' } }), { url: 'https://work', from: '--url', token: 'variable', environment: 'dev' }, 'the environment stays that of the profile')
  t.match(decide({ env, options: { profile: 'mine' } }), { from: '--profile', token: undefined, login: { name: 'mine' } }, 'the option is more specific')
  t.match(decide({ env, options: { profile: 'mine', token: 'option' } }), { token: 'option', login: undefined })
  t.match(decide({ env, options: { token: '' } }), { token: undefined, login: { name: 'mine' } })
  t.match(decide({ env, project: { gateway: 'https://work' } }), { token: 'variable', from: '.secretsctl.yaml' }, 'the user has logged in there')
  for (const chosen of [{ env }, { options: { token: 'option' } }]) {
    t.throws(() => decide({ ...chosen, project: { gateway: 'https://stranger' } }), /names the gateway https:\/\/stranger, to which you have not logged in\. Your token is not sent there/)
  }
})

t.test('a choice that is not possible', async (t) => {
  const decide = decider(t)
  const none: Profiles = { profiles: {} }
  t.throws(() => decide({ stored: none }), { name: 'WrongUsage', message: /^No gateway is chosen/ })
  t.throws(() => decide({ options: { url: 'ftp://h' } }), { name: 'WrongUsage', message: /^'ftp:\/\/h' is not an HTTP URL/ })
  t.throws(() => decide({ options: { profile: 'none' } }), { name: 'WrongUsage', message: /^There is no profile none, which --profile names\. Your profiles: mine, work, again\. / })
  t.throws(() => decide({ options: { profile: 'none' }, stored: none }), { name: 'WrongUsage', message: /You have not logged in yet\. / })
})
