/** An assertion that a realistic backend may make fail, and why that is not a fault of the gateway. */
export interface LeftOut {
  /** The behaviour that AWS doesn't promise. */
  reason: string
  /** The tests that assert this behaviour, keyed by file. A test's name includes the names of its parents. */
  tests: Record<string, string[]>
}

const secrets = 'test/routes/environments/_env/secrets'
const secret = `${secrets}/_name`

/** The tests of the gateway whose failures on a realistic backend are ignored. */
export const leftOut: readonly LeftOut[] = [
  {
    reason: 'The number of calls. AWS may throttle a call or fail, which the gateway repeats, and put fewer secrets on a page.',
    tests: {
      'test/routes/consistency/index.test.ts': [
        'compareEnvironments > uses each environment\'s own credential, and reads no value',
        'compareEnvironments with compareValues > reads only values that can be compared, in batches',
        'compareEnvironments records each compared value, and the environments that it read',
        'compareEnvironments of 250 names reads all pages'
      ],
      'test/routes/environments/_env/posture/index.test.ts': [
        'assessPosture judges a secret by each rule',
        'required secrets that do not exist are on the last page',
        'the rules on replicas and resource policies take a call for each secret'
      ],
      'test/routes/environments/_env/values/index.test.ts': ['readSecrets > any number of names, in AWS\'s batches of 20'],
      [`${secrets}/list.test.ts`]: ['listSecrets asks AWS for pages of the maximum size'],
      [`${secret}/restore/index.test.ts`]: ['a restored secret gets the environment\'s tags and replicas again'],
      'test/plugins/audit.test.ts': ['a request for many secrets leaves a record of each']
    }
  },
  {
    reason: 'A replication ends before the reply. AWS shows only later that it has failed.',
    tests: {
      [`${secret}/restore/index.test.ts`]: ['a restore succeeds even if the settings can\'t be applied']
    }
  },
  {
    reason: 'A replication succeeds. AWS may fail for reasons of its own.',
    tests: {
      [`${secret}/replicas/index.test.ts`]: ['replicateSecret, removeReplicas', 'a secret of that name already exists in the region'],
      [`${secret}/replicas/promote/index.test.ts`]: [
        'promoteReplica', 'a promoted replica does not get the settings of its environment, and the reply says so'
      ],
      [`${secret}/restore/index.test.ts`]: ['a restored secret gets the environment\'s tags and replicas again'],
      'test/contract/effects-elsewhere.test.ts': [
        'with the permissions of all environments, nothing is refused',
        'a restore replicates again only with the permissions of the other environment'
      ]
    }
  },
  {
    reason: 'A rotation ends the first time that it is attempted. AWS may fail to call the function, and tries it again later.',
    tests: {
      [`${secret}/rotation/index.test.ts`]: [
        'setRotation rotates immediately, and then on schedule',
        'rotateSecret rotates with the existing settings',
        'cancelRotation keeps the settings',
        'a failed rotation can be ended, so that the secret can be rotated again',
        'choosing the rotation function and starting a rotation require separate permissions',
        'the rotation of a placeholder has a warning, unless the caller may not see the secret'
      ]
    }
  }
]

/** Returns the reasons why a test's failures are ignored. */
export const reasonsFor = (file: string, test: string): string[] =>
  leftOut.filter(({ tests }) => tests[file]?.some((name) => test === name || test.startsWith(`${name} > `))).map(({ reason }) => reason)
