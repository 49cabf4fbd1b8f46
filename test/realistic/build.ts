import type { Test } from 'tap'
import { build, type Gateway } from '#test/helper'

/** Starts a gateway on a backend with AWS's delays and failures, whatever backend the other tests use. */
export async function buildRealistic (t: Test, seed: string, change: Parameters<typeof build>[1] = {}): Promise<Gateway> {
  const before = process.env.TEST_REALISTIC
  process.env.TEST_REALISTIC = seed
  try {
    return await build(t, change)
  } finally {
    if (before === undefined) delete process.env.TEST_REALISTIC
    else process.env.TEST_REALISTIC = before
  }
}
