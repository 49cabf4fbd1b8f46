import t from 'tap'
import { createSignatureChecks } from '#src/authentication/signature-checks'

t.test('signatures from several addresses take turns', async (t) => {
  const { enter } = createSignatureChecks({ atOnce: 2, waitingOfOne: 3 })
  const entered: string[] = []
  const leaving: (() => void)[] = []
  const check = (address: string): void => {
    void enter(address).then((leave) => {
      entered.push(address)
      leaving.push(leave)
    })
  }
  const turn = async (): Promise<void> => {
    leaving.shift()?.()
    await Promise.resolve()
    await Promise.resolve()
  }
  for (const address of ['a', 'a', 'a', 'a', 'a', 'b']) check(address)
  await turn()
  t.same(entered, ['a', 'a'], 'no more at once')
  await t.rejects(enter('a'), { code: 'overloaded' }, 'and no more waiting of one address')
  await turn()
  await turn()
  t.same(entered, ['a', 'a', 'a', 'b'])
  while (leaving.length > 0) await turn()
  t.same(entered, ['a', 'a', 'a', 'b', 'a', 'a'])
  check('c')
  await turn()
  t.equal(entered.at(-1), 'c', 'everything has left')
})
