import t from 'tap'
import { assertLogsClean, canary, secretPath, withstand, world } from '#test/attacks/attack'
import { authorizationAttacks } from '#test/attacks/authorization'
import { awsLoginAttacks, principals } from '#test/attacks/aws-login'
import { awsSignatureAttacks } from '#test/attacks/aws-signatures'
import { bearerAttacks } from '#test/attacks/bearer'
import { certificateAttacks } from '#test/attacks/certificates'
import { floodAttacks } from '#test/attacks/floods'
import { forwardingAttacks } from '#test/attacks/forwarding'
import { othersAttacks } from '#test/attacks/others'
import { logIn, tokenAttacks } from '#test/attacks/tokens'
import { tokens } from '#test/helper'
import { sendRaw, type RawRequest, type TlsClient } from '#test/raw'

t.test('attacks', async (t) => {
  const all = await world(t, principals)
  const { plain, optional, required, corp, partner, clients, servers } = all
  const tables = [
    await awsSignatureAttacks(all), bearerAttacks(), forwardingAttacks(), authorizationAttacks(), await tokenAttacks(all), await awsLoginAttacks(all),
    await certificateAttacks(all), await othersAttacks(all), floodAttacks(all)
  ]

  await t.test('the authorized caller reads the secret by each authentication method', async (t) => {
    const bearer = (token: string): RawRequest => ({ path: secretPath, headers: [['Authorization', `Bearer ${token}`]] })
    const ca = servers.cert
    const spiffe: TlsClient = { ca, ...await clients.issue([{ type: 'url', value: 'spiffe://example.org/payments' }]) }
    const dns: TlsClient = { ca, ...await clients.issue([{ type: 'dns', value: 'Payments.example.org' }]) }
    const nobody: TlsClient = { ca, ...await clients.issue([{ type: 'dns', value: 'nobody.example.org' }]) }
    const replies = {
      'an API key': await sendRaw(plain.url, bearer(tokens.administrator)),
      'a token of corp': await sendRaw(plain.url, bearer(await corp.token({}, { typ: 'at+jwt' }))),
      'a token of partner': await sendRaw(plain.url, bearer(await partner.token())),
      'a token of the gateway': await sendRaw(plain.url, bearer((await logIn(all)).token)),
      'a SPIFFE ID': await sendRaw(required.url, { path: secretPath }, spiffe),
      'a SPIFFE ID where certificates are optional': await sendRaw(optional.url, { path: secretPath }, spiffe),
      'a DNS name': await sendRaw(required.url, { path: secretPath }, dns),
      'a token together with another caller\'s certificate': await sendRaw(required.url, bearer(tokens.administrator), nobody),
      'a token without a certificate where certificates are optional': await sendRaw(optional.url, bearer(tokens.administrator), { ca })
    }
    for (const [what, reply] of Object.entries(replies)) t.match(reply, { status: 200, text: canary }, what)
  })

  await t.test('the reply is the same for a resource that the caller may not see and one that does not exist', async (t) => {
    const { send } = plain
    const { headers } = await send('POST', '/environments/dev/secrets', { headers: { prefer: 'respond-async' }, json: { secretNames: ['job'] } })
    const pairs: [RawRequest, RawRequest][] = [
      [{ path: '/environments/prod' }, { path: '/environments/none' }],
      [{ path: '/environments/prod/secrets/canary' }, { path: '/environments/none/secrets/canary' }],
      [{ path: headers.get('location') ?? '' }, { path: '/jobs/none' }],
      [{ path: secretPath, headers: [['AWS-Credential-Id', 'prod-account']] }, { path: secretPath, headers: [['AWS-Credential-Id', 'none']] }]
    ]
    const replyTo = async ({ path = '', headers = [] }: RawRequest): Promise<object> => {
      const { status, json } = await send('GET', path, { token: tokens.reader, headers: Object.fromEntries(headers) })
      // The detail repeats the name that the request asked for.
      return { status, ...json, detail: String(json.detail).replace(/`(?:prod|none)`/, '`NAME`'), instance: '', requestId: '' }
    }
    for (const [hidden, none] of pairs) t.same(await replyTo(hidden), await replyTo(none), hidden.path ?? '')
  })

  for (const attacks of tables) await withstand(t, all, attacks)
  const names = tables.flatMap((attacks) => Object.keys(attacks))
  t.equal(new Set(names).size, names.length, 'every attack has a name of its own')
  t.ok(names.length >= 80, `${names.length} attacks`)
  await assertLogsClean(t, all, tables.flatMap((attacks) => Object.values(attacks)))
})
