import t from 'tap'
import type { SecretsPort } from '#src/aws/port'
import { environmentFrom } from '#src/environments/environment'
import { isSecretName } from '#src/environments/names'
import { permitted } from '#src/secrets/permitted'
import type { Scope } from '#src/secrets/scope'

t.test('decisions on many secrets do not block the event loop', async (t) => {
  const names = Array.from({ length: 1_000 }, (_, index) => `team-${index % 2}/${index}`).filter(isSecretName)
  let decided = 0
  // Each time that the clock is read, 1 ms has passed.
  let time = 0
  t.intercept(performance, 'now', { value: () => time += 1 })
  const scope: Scope = {
    environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'c' }),
    credentialId: 'c',
    callerId: 'a',
    aws: {} as SecretsPort,
    counterparts: () => [],
    mayFound: () => false,
    may: (action, name) => {
      decided += 1
      return action === 'GetSecretValue' && name.startsWith('team-0/')
    }
  }
  const turns: number[] = []
  const turn = (): void => {
    turns.push(decided)
    if (decided < names.length) setImmediate(turn)
  }
  setImmediate(turn)
  const found = await permitted(scope, 'GetSecretValue', names)
  t.same([...found], names.filter((name) => name.startsWith('team-0/')))
  t.equal(decided, 1_000)
  t.ok(turns.length > 10, `other work ran ${turns.length} times in between`)
})
