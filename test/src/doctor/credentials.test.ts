import t from 'tap'
import type { Probe } from '#src/aws/probe'
import { monotonic } from '#src/clock'
import { tryCredential } from '#src/doctor/credentials'

t.test('a defect of the gateway is not reported as a credential that does not work', async (t) => {
  const defect = new TypeError('a defect')
  const probe: Probe = {
    obtain: async () => Promise.reject(defect), verify: async () => Promise.reject(defect), originOf: async () => Promise.reject(defect),
    attempt: async () => Promise.reject(defect), close: () => undefined
  }
  await t.rejects(tryCredential('base', { kind: 'default-chain' }, probe, { now: Date.now, monotonic }), defect)
})
