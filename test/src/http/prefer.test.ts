import t from 'tap'
import { prefersAsync, waitIn } from '#src/http/prefer'

t.test('preferences (RFC 7240)', async (t) => {
  const waits: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined], ['', undefined], ['wait=10', 10], ['Wait = 10', 10], ['wait="10"', 10], ['wait=10; unit=s', 10],
    ['respond-async, wait=10', 10], ['wait=10, wait=20', 10], ['wait=soon, wait=20', undefined], ['wait', undefined], ['wait=', undefined],
    ['wait=-1', undefined], ['wait=1.5', undefined], ['wait=1e3', undefined], ['wait=1234567890', undefined], ['await=10', undefined],
    ['wait=10 20', undefined], ['x=wait=10', undefined]
  ]
  for (const [prefer, seconds] of waits) t.equal(waitIn(prefer), seconds, String(prefer))
  for (const prefer of ['respond-async', 'RESPOND-ASYNC', 'wait=10, respond-async', 'respond-async; x']) t.ok(prefersAsync(prefer), prefer)
  for (const prefer of [undefined, '', 'respond', 'respond-asynchronously', 'x respond-async']) t.notOk(prefersAsync(prefer), String(prefer))
})
