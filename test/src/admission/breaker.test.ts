import t from 'tap'
import { createBreaker, type Breaker, type Outcome } from '#src/admission/breaker'

const refused = { code: 'aws-unavailable', options: { failure: { operation: 'GetSecretValue', cause: 'not-answering', effect: 'not-done' } } }

/** Creates a breaker, and a clock in milliseconds. */
function clocked (): { breaker: Breaker, call: (outcome: Outcome) => void, passes: (milliseconds: number) => void } {
  let now = 0
  const breaker = createBreaker(() => now)
  return {
    breaker,
    call (outcome) { breaker.enter('GetSecretValue')(outcome) },
    passes (milliseconds) { now += milliseconds }
  }
}

t.test('refuses calls after five in a row without an answer, and lets one probe through at a time', async (t) => {
  const { breaker, call, passes } = clocked()
  for (let count = 0; count < 4; count++) call('unanswered')
  call('answered')
  for (let count = 0; count < 5; count++) {
    t.equal(breaker.wait(), 0)
    call('unanswered')
  }
  t.throws(() => { call('answered') }, { ...refused, options: { ...refused.options, retryAfter: 1 } })
  passes(999)
  t.equal(breaker.wait(), 1)
  t.throws(() => { call('answered') }, refused)
  passes(1)
  const probe = breaker.enter('GetSecretValue')
  t.throws(() => breaker.enter('GetSecretValue'), refused, 'there is a probe already')
  probe('answered')
  t.equal(breaker.wait(), 0)
  for (let count = 0; count < 4; count++) call('unanswered')
  t.equal(breaker.wait(), 0, 'the count starts anew')
})

t.test('the pause doubles with each unanswered probe, up to half a minute', async (t) => {
  const { breaker, call, passes } = clocked()
  for (let count = 0; count < 5; count++) call('unanswered')
  for (const pause of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    t.equal(breaker.wait(), pause)
    passes(pause)
    call('unanswered')
  }
  passes(30_000)
  call('answered')
  for (let count = 0; count < 5; count++) call('unanswered')
  t.equal(breaker.wait(), 1_000)
})

t.test('calls in progress when the breaker opens neither prolong the pause nor are lost', async (t) => {
  const { breaker, passes } = clocked()
  const calls = Array.from({ length: 8 }, () => breaker.enter('GetSecretValue'))
  for (const end of calls.slice(0, 7)) end('unanswered')
  t.equal(breaker.wait(), 1_000)
  passes(500)
  calls[7]?.('answered')
  t.equal(breaker.wait(), 0, 'AWS answers again')
})

t.test('an undecided call, such as one whose caller left, changes nothing', async (t) => {
  const { breaker, call, passes } = clocked()
  for (let count = 0; count < 4; count++) call('unanswered')
  call('undecided')
  call('unanswered')
  t.equal(breaker.wait(), 1_000)
  passes(1_000)
  call('undecided')
  t.equal(breaker.wait(), 0, 'the next call is the probe')
  const probe = breaker.enter('GetSecretValue')
  t.throws(() => breaker.enter('GetSecretValue'), refused)
  probe('undecided')
})
