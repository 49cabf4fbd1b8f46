import t from 'tap'
import { isLinearizable, readsOfThePast, type Operation, type Request, type State } from './history.ts'

const done = (began: number, ended: number, request: Request, outcome = 'done'): Operation => ({ ...request, caller: 0, began, ended, outcome })
const create = done(1, 2, { kind: 'create', version: 'a' })
const last = (AWSCURRENT: string, existence: State['existence'] = 'active'): State => ({ existence, labels: { AWSCURRENT } })
const replace = (version: string, expected: string): Request => ({ kind: 'replace', version, expected })

t.test('a history is possible only if no confirmed write is lost and each refusal is correct', async (t) => {
  for (const [title, isPossible, operations, state] of [
    ['one write after another', true, [done(3, 4, { kind: 'put', version: 'b' })], last('b')],
    ['a write that is lost', false, [done(3, 4, { kind: 'put', version: 'b' })], last('a')],
    ['two writes at the same time', true, [done(3, 6, { kind: 'put', version: 'b' }), done(4, 5, { kind: 'put', version: 'c' })], last('b')],
    ['two that require the same version', false, [done(3, 6, replace('b', 'a')), done(4, 5, replace('c', 'a'))], last('c')],
    ['one of them', true, [done(3, 6, replace('b', 'a'), 'precondition-failed'), done(4, 5, replace('c', 'a'))], last('c')],
    ['a false 412', false, [done(3, 4, replace('b', 'a'), 'precondition-failed')], last('a')],
    ['a false 409', false, [done(3, 4, { kind: 'delete' }, 'secret-pending-deletion')], last('a')],
    ['a true 409', true, [done(3, 4, { kind: 'delete' }), done(5, 6, { kind: 'delete' }, 'secret-pending-deletion')], last('a', 'deleted')],
    ['a false 404', false, [done(3, 4, { kind: 'restore' }, 'secret-not-found')], last('a')],
    ['an unknown outcome: carried out', true, [done(3, Infinity, replace('b', 'a'), 'unknown')], last('b')],
    ['an unknown outcome: not carried out', true, [done(3, Infinity, replace('b', 'a'), 'unknown')], last('a')],
    ['a rollback without a rival', false, [done(3, 4, { kind: 'rollBack', version: 'b' }, 'write-conflict')], last('a')],
    ['a rollback with a rival', true, [done(3, 6, { kind: 'rollBack', version: 'b' }, 'write-conflict'), done(4, 5, { kind: 'put', version: 'c' })], last('c')],
    ['a label where it is', true, [done(3, 4, { kind: 'move', label: 'AWSCURRENT', version: 'a', from: undefined })], last('a')],
    ['a label that is elsewhere', false, [done(3, 4, { kind: 'move', label: 'AWSCURRENT', version: 'b', from: 'c' })], last('b')],
    ['another problem', false, [done(3, 4, { kind: 'delete' }, 'invalid-request')], last('a')]
  ] as [string, boolean, Operation[], State][]) t.equal(isLinearizable([create, ...operations], state), isPossible, title)
})

t.test('a read is stale if it shows a state that was replaced before the read began', async (t) => {
  const operations = [create, done(3, 6, { kind: 'put', version: 'b' }), done(9, 10, { kind: 'delete' })]
  const past = (began: number, ended: number, found: string): boolean =>
    readsOfThePast(operations, [{ caller: 0, began, ended, found }]).length > 0
  t.ok(past(3, 4, 'secret-not-found'))
  t.notOk(past(1, 2, 'secret-not-found'), 'at the same time as the creation')
  t.notOk(past(4, 5, 'a'), 'at the same time as the write')
  t.ok(past(7, 8, 'a'))
  t.notOk(past(7, 8, 'b'))
  t.ok(past(11, 12, 'b'))
  t.notOk(past(11, 12, 'secret-pending-deletion'))
})
