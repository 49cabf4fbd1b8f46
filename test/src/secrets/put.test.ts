import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { createSecretsPort } from '#src/aws/sdk-port'
import { environmentFrom } from '#src/environments/environment'
import { isSecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { putSecret } from '#src/secrets/put'
import { boundedClient } from '#test/bounded-client'

const name = 'raced'
if (!isSecretName(name)) throw new TypeError('it is not a valid name')

t.test('a PUT writes a version even if another writer creates the secret between its two calls', async (t) => {
  const calls: string[] = []
  const answers: readonly [string, Problem | { ARN: string, VersionId: string }][] = [
    ['PutSecretValueCommand', new Problem('secret-not-found')],
    ['CreateSecretCommand', new Problem('secret-exists')],
    ['PutSecretValueCommand', { ARN: 'arn', VersionId: 'v' }]
  ]
  // Simulates the race with fake replies from AWS, because a real race can't be reproduced.
  const client = new SecretsManager({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
  client.middlewareStack.add((_next, { commandName = '' }) => async () => {
    const answer = answers[calls.length]?.[1]
    calls.push(commandName)
    if (answer === undefined || answer instanceof Problem) throw answer ?? new Error('one call too many')
    return { output: { ...answer, $metadata: {} }, response: {} }
  }, { step: 'initialize' })
  const aws = createSecretsPort(() => ({ clientFor: () => boundedClient(client) }))
  const environment = environmentFrom('dev', { region: 'eu-west-1', credential: 'a' })
  const scope = { environment, credentialId: 'a', callerId: 'c', aws, may: (action: string) => action !== 'GetSecretValue', mayFound: () => false, counterparts: () => [] }

  t.same(await putSecret(scope, name, 'v'), { name, arn: 'arn', versionId: 'v', created: false })
  t.same(calls, answers.map(([command]) => command))
})
