import t from 'tap'
import { build } from '#test/helper'

const secret = '/environments/dev/secrets/a'
const path = `${secret}/policy/validate`
const allow = (principal: unknown): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: principal, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
})

t.test('validatePolicy', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const validate = async (resourcePolicy: unknown): Promise<unknown> => gateway.send('POST', path, { json: { resourcePolicy } })

  t.match(await validate(allow({ AWS: 'arn:aws:iam::222222222222:root' })), { status: 200, json: { policyValidationPassed: true, validationErrors: [] } })
  t.match(await validate(allow('*')), { status: 200, json: { policyValidationPassed: false, validationErrors: [{ checkName: /./, errorMessage: /./ }] } })
  t.match(await validate({ Version: '2012-10-17' }), { status: 200, json: { policyValidationPassed: false, validationErrors: [{ errorMessage: 'This policy has invalid syntax.' }] } })
  t.match(await validate('{}'), { status: 400, json: { errors: [{ pointer: '/resourcePolicy' }] } })
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/policy/validate', { json: { resourcePolicy: allow('*') } }), { status: 404 })
  t.notOk('resourcePolicy' in (await gateway.send('GET', `${secret}/policy`)).json, 'nothing is attached')
})
