import t from 'tap'
import { addAwsCall, newEvidence } from '#src/request/audit-entries'

t.test('a call that many reads share counts once, even if its ID is not listed any more', async (t) => {
  const evidence = newEvidence({})
  for (let call = 1; call <= 120; call++) {
    for (let read = 0; read < 20; read++) addAwsCall(evidence, `call-${call}`)
  }
  t.equal(evidence.awsCalls, 120)
  t.equal(evidence.awsRequestIds.length, 100)
})
