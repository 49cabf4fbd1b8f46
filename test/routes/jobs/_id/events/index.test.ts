import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import t from 'tap'
import { build, tokens } from '#test/helper'

const path = '/environments/dev/secrets'

interface Event {
  id: number
  event: string
  data: any // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read arbitrary members
}

/** Parses the events of a stream. Ignores its comments, which begin with a colon. */
const parse = (text: string): Event[] => text.split('\n\n').filter((block) => /^[^:]/.test(block)).map((block) => {
  const [, id = '', event = '', data = ''] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? []
  return { id: Number(id), event, data: JSON.parse(data) }
})

t.test('followJob', async (t) => {
  const gateway = await build(t)
  const secretNames = Array.from({ length: 200 }, (_, index) => `n${index}`)
  const accepted = await gateway.send('POST', path, { json: { secretNames }, headers: { prefer: 'respond-async' } })
  const job = accepted.headers.get('location') ?? ''

  const followed = await gateway.send('GET', `${job}/events`)
  t.match(followed.headers.get('content-type'), 'text/event-stream')
  t.equal(followed.headers.get('cache-control'), 'no-store')
  const events = parse(followed.text)
  const items = events.filter(({ event }) => event === 'item')
  t.same(items.map(({ id }) => id), secretNames.map((_name, index) => index + 1))
  t.same(items.map(({ data }) => data.name).sort(), [...secretNames].sort())
  t.match(items[0]?.data, { result: 'created', arn: /^arn:/ })
  t.match(events.find(({ event }) => event === 'progress')?.data, { state: 'running', total: 200 })
  t.match(events.at(-1), { id: 201, event: 'end', data: { status: 201, dryRun: false, counts: { created: 200 } } })

  const resumed = await gateway.send('GET', `${job}/events`, { headers: { 'last-event-id': '198' } })
  t.same(parse(resumed.text), events.filter(({ id, event }) => id > 198 && event !== 'progress'), 'nothing is missed, and nothing comes twice')
  t.same(parse((await gateway.send('GET', `${job}/events`, { headers: { 'last-event-id': '200' } })).text).map(({ event }) => event), ['end'])
  t.equal((await gateway.send('GET', `${job}/events`, { headers: { 'last-event-id': '201' } })).status, 204)
  t.match(await gateway.send('GET', `${job}/events`, { headers: { 'last-event-id': 'x' } }), { status: 400, json: { errors: [{ in: 'header', pointer: '/last-event-id' }] } })

  t.test('the job continues after its follower has disconnected', async (t) => {
    const more = { secretNames: Array.from({ length: 500 }, (_, index) => `more/${index}`), settings: { concurrency: 1 } }
    const accepted = await gateway.send('POST', path, { json: more, headers: { prefer: 'respond-async' } })
    const job = accepted.headers.get('location') ?? ''
    const request = get(`${gateway.url}${job}/events`, { headers: { authorization: `Bearer ${tokens.administrator}` } })
    const [answer] = await once(request, 'response') as [IncomingMessage]
    await once(answer, 'data')
    request.on('error', () => undefined).destroy()
    t.match(parse((await gateway.send('GET', `${job}/events`)).text).at(-1), { event: 'end', data: { counts: { created: 500 } } })
  })
})
