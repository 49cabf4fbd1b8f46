import t from 'tap'
import { isLinearizable, staleReadsOfOwnWrites, staleReads, type Operation, type Request, type State } from './history.ts'

const done = (began: number, ended: number, request: Request, outcome = 'done'): Operation => ({ ...request, caller: 0, began, ended, outcome })
const create = done(1, 2, { kind: 'create', version: 'a' })
const replace = (version: string, expected: string): Request => ({ kind: 'replace', version, expected })
const put = (version: string): Request => ({ kind: 'put', version })
const forced = (began: number, ended: number): Operation => done(began, ended, { kind: 'forceDelete' })

/** @param versions the versions that exist, separated by spaces */
const last = (AWSCURRENT: string, versions: string, existence: State['existence'] = 'active'): State =>
  ({ existence, labels: { AWSCURRENT }, versions: versions.split(' ') })
const nothing: State = { existence: 'absent', labels: {}, versions: [] }

t.test('a history is possible only if no confirmed write is lost and each refusal is correct', async (t) => {
  for (const [title, isPossible, operations, state] of [
    ['one write after another', true, [done(3, 4, put('b'))], last('b', 'a b')],
    ['a write that is lost', false, [done(3, 4, put('b'))], last('a', 'a b')],
    ['a version that is lost', false, [done(3, 4, put('b'))], last('b', 'b')],
    ['two writes at the same time', true, [done(3, 6, put('b')), done(4, 5, put('c'))], last('b', 'a b c')],
    ['two that require the same version', false, [done(3, 6, replace('b', 'a')), done(4, 5, replace('c', 'a'))], last('c', 'a b c')],
    ['one of them', true, [done(3, 6, replace('b', 'a'), 'precondition-failed'), done(4, 5, replace('c', 'a'))], last('c', 'a c')],
    ['a false 412', false, [done(3, 4, replace('b', 'a'), 'precondition-failed')], last('a', 'a')],
    ['a false 409', false, [done(3, 4, { kind: 'delete' }, 'secret-pending-deletion')], last('a', 'a')],
    ['a true 409', true, [done(3, 4, { kind: 'delete' }), done(5, 6, { kind: 'delete' }, 'secret-pending-deletion')], last('a', 'a', 'deleted')],
    ['a false 404', false, [done(3, 4, { kind: 'restore' }, 'secret-not-found')], last('a', 'a')],
    ['a true refusal of a creation', true, [done(3, 4, { kind: 'create', version: 'b' }, 'secret-exists')], last('a', 'a')],
    ['an unknown outcome: carried out', true, [done(3, Infinity, replace('b', 'a'), 'unknown')], last('b', 'a b')],
    ['an unknown outcome: not carried out', true, [done(3, Infinity, replace('b', 'a'), 'unknown')], last('a', 'a')],
    ['a repetition of a write that was carried out', true, [done(3, Infinity, put('b'), 'unknown'), done(4, 5, put('c')), done(6, 7, put('b'))], last('c', 'a b c')],
    ['a repetition of a write that was not', true, [done(3, Infinity, put('b'), 'unknown'), done(4, 5, put('c')), done(6, 7, put('b'))], last('b', 'a b c')],
    ['a repetition that undoes a later write', false, [done(3, 4, put('b')), done(5, 6, put('c')), done(7, 8, put('b'))], last('b', 'a b c')],
    ['a rollback without a rival', false, [done(3, 4, { kind: 'rollBack', version: 'a' }, 'write-conflict')], last('a', 'a')],
    ['a rollback with a rival', true, [done(3, 6, { kind: 'rollBack', version: 'a' }, 'write-conflict'), done(4, 5, put('c'))], last('c', 'a c')],
    ['a rollback to a version that does not exist', true, [done(3, 4, { kind: 'rollBack', version: 'b' }, 'version-not-found')], last('a', 'a')],
    ['an update of a deleted secret', false, [done(3, 4, { kind: 'delete' }), done(5, 6, { kind: 'update', version: 'b' })], last('b', 'a b', 'deleted')],
    ['a label where it is', true, [done(3, 4, { kind: 'move', label: 'AWSCURRENT', version: 'a', from: undefined })], last('a', 'a')],
    ['a label that is elsewhere', false, [done(3, 4, { kind: 'move', label: 'AWSCURRENT', version: 'a', from: 'c' })], last('a', 'a')],
    ['a label that is removed', true, [
      done(3, 4, { kind: 'move', label: 'blue', version: 'a', from: undefined }), done(5, 6, { kind: 'removeLabel', label: 'blue', version: 'a' })
    ], last('a', 'a')],
    ['a label that is not there to remove', true, [done(3, 4, { kind: 'removeLabel', label: 'blue', version: 'a' }, 'aws-refused')], last('a', 'a')],
    ['another problem', false, [done(3, 4, { kind: 'delete' }, 'invalid-request')], last('a', 'a')],

    ['a deletion without recovery', true, [forced(3, 4)], nothing],
    ['a creation after it', true, [forced(3, 4), done(5, 6, { kind: 'create', version: 'b' })], last('b', 'b')],
    ['a creation that is lost', false, [forced(3, 4), done(5, 6, { kind: 'create', version: 'b' })], nothing],
    ['a creation before AWS has finished', true, [forced(3, 4), done(5, 6, { kind: 'create', version: 'b' }, 'secret-pending-deletion')], nothing],
    ['a false 404 of a creation', false, [forced(3, 4), done(5, 6, { kind: 'create', version: 'b' }, 'secret-not-found')], nothing],
    ['a restore that undoes it', false, [forced(3, 4), done(5, 6, { kind: 'restore' })], last('a', 'a')],
    ['a restore that is refused', true, [forced(3, 4), done(5, 6, { kind: 'restore' }, 'secret-not-found')], nothing],
    ['a version from before it', true, [forced(3, 4), done(5, 6, put('b')), done(7, 8, { kind: 'rollBack', version: 'a' }, 'version-not-found')], last('b', 'b')]
  ] as [string, boolean, Operation[], State][]) t.equal(isLinearizable([create, ...operations], state), isPossible, title)
})

t.test('a read is stale if it shows a state that was replaced before the read began', async (t) => {
  const operations = [create, done(3, 6, put('b')), done(9, 10, { kind: 'delete' }), forced(13, 14)]
  const stale = (began: number, ended: number, found: string): boolean =>
    staleReads(operations, [{ caller: 0, began, ended, found }]).length > 0
  t.ok(stale(3, 4, 'secret-not-found'))
  t.notOk(stale(1, 2, 'secret-not-found'), 'at the same time as the creation')
  t.notOk(stale(4, 5, 'a'), 'at the same time as the write')
  t.ok(stale(7, 8, 'a'))
  t.notOk(stale(7, 8, 'b'))
  t.ok(stale(11, 12, 'b'))
  t.notOk(stale(11, 12, 'secret-pending-deletion'))
  t.ok(stale(15, 16, 'b'))
  t.notOk(stale(15, 16, 'secret-not-found'))
  t.notOk(stale(15, 16, 'secret-pending-deletion'), 'AWS may not have finished')
})

t.test('a caller\'s own writes count for its reads, even if other callers\' writes are late', async (t) => {
  const operations = [create, { ...done(3, 4, put('b')), caller: 1 }, done(5, 6, put('c'))]
  const goesBack = (caller: number, found: string): boolean =>
    staleReadsOfOwnWrites(operations, [{ caller, began: 7, ended: 8, found }]).length > 0
  t.same([goesBack(0, 'a'), goesBack(0, 'b'), goesBack(0, 'c')], [true, true, false])
  t.same([goesBack(1, 'a'), goesBack(1, 'b'), goesBack(1, 'c')], [true, false, false])
  t.notOk(goesBack(2, 'a'))
})
