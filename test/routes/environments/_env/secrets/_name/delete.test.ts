import t from 'tap'
import { build, policies, tokens } from '#test/helper'

t.test('deleteSecret', async (t) => {
  const gateway = await build(t)
  const days = (date: string): number => Math.round((Date.parse(date) - Date.now()) / 86_400_000)

  t.test('schedules the deletion, by default with the environment\'s recovery window', async (t) => {
    for (const [env, expected] of [['dev', 30], ['staging', 7]] as const) {
      await gateway.send('PUT', `/environments/${env}/secrets/x`, { json: { value: 'v' } })
      const deleted = await gateway.send('DELETE', `/environments/${env}/secrets/x`)
      t.equal(deleted.status, 200)
      t.equal(days(deleted.json.deletionDate), expected)
    }
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 409, json: { code: 'secret-pending-deletion' } })
    t.match(await gateway.send('PUT', '/environments/dev/secrets/x', { json: { value: 'v' } }), { status: 409 })
    t.match(await gateway.send('POST', '/environments/dev/secrets/x', { json: {} }), { json: { code: 'secret-pending-deletion' } })
    gateway.advance(31)
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 404 })
  })

  t.test('accepts a recovery window of 7 to 30 days', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/y', { json: { value: 'v' } })
    for (const refused of [6, 31, 'x', 7.5]) {
      t.match(await gateway.send('DELETE', `/environments/dev/secrets/y?recoveryWindowInDays=${refused}`), { status: 400 })
    }
    const deleted = await gateway.send('DELETE', '/environments/dev/secrets/y?recoveryWindowInDays=7')
    t.equal(deleted.status, 200)
  })

  t.test('by force requires its own permission, and is refused in a protected environment', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/dev/secrets/z?force=true&recoveryWindowInDays=7'), { status: 400 })
    t.equal((await gateway.send('DELETE', '/environments/dev/secrets/z?force=true')).status, 200)
    t.match(await gateway.send('GET', '/environments/dev/secrets/z'), { status: 404 })

    await gateway.send('PUT', '/environments/prod/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/prod/secrets/z?force=true'), { status: 403, json: { code: 'deletion-protected' } })

    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"DeleteSecret"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('DELETE', '/environments/dev/secrets/z?force=true', { token: tokens.stranger })
    t.match(reply, { status: 403, json: { code: 'forbidden' } })
    t.same(other.awsCalls, [])
  })
})
