/** Something that moto does otherwise than AWS. */
export interface Difference {
  moto: string
  aws: string
  /** Where that is known from: a recorded response of AWS, one that was reported, its documentation, or only its likeness to others. */
  evidence: 'recorded' | 'observed' | 'documented' | 'assumed'
  /** What fails for it: by file and test, of each assertion a part of its line. */
  places: Record<string, Record<string, string[]>>
}

const secrets = 'test/routes/environments/_env/secrets'
const secret = `${secrets}/_name`

/** What moto 5.2.5 does otherwise than AWS, as far as a test of the gateway depends on it. */
export const differences: Difference[] = [
  {
    moto: 'UpdateSecretVersionStage moves the label AWSCURRENT, but not what GetSecretValue gives, nor what PutSecretValue takes for current',
    aws: 'What is current is the version that has the label AWSCURRENT',
    evidence: 'recorded',
    places: {
      [`${secret}/conditional.test.ts`]: {
        'If-Match with a version writes only if that one is still current': [`{ value: 'v2', versionId: second.json.versionId }`],
        'a move that the SDK repeats since its reply was lost is one that succeeded': [`json.value, 'v2'`],
        '50 writers race for one secret: each round exactly one wins, and no update is lost': [`send('GET', path)).json.versionId, versionId)`]
      },
      [`${secret}/rollback/index.test.ts`]: {
        rollBackSecret: [`await value(), 'v2'`, 'also to a version without a label']
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets gives each its own result > as what exists is to be treated': [
          `await read(gateway, 'prod', 'there'), 'new'`, `{ there: 'unchanged', good: 'unchanged' }`
        ],
        'promoteSecrets replaces only the version that is expected': [`await read(gateway, 'prod', 'a'), 'new'`, 'update({ b: newer })'],
        'promoteSecrets is for who may promote in both environments > who may not compare does not learn whether the value was the same': ['json.versionId, before)']
      },
      [`${secrets}/atomic.test.ts`]: {
        'a call whose answer was lost is taken back if it was carried out': [`'failed: aws-timeout' })`, 'carried out`)']
      },
      'test/src/cli/many.test.ts': {
        'diff and promote align three environments in two accounts': ['agree in 3 names']
      },
      [`${secret}/value/index.test.ts`]: {
        'patchValue > changes, adds and removes single keys, and leaves the others to the last digit': ['await value()', 'no label is left behind'],
        'patchValue > patches at the same time are all kept': ['kept.length, 8'],
        'patchValue > with If-Match only of the version that the caller knows': [`await patch(gateway, { a: 2 }, { 'if-match'`, 'await value()']
      }
    }
  },
  {
    moto: 'A version that has lost its last label stays in DescribeSecret and in ListSecretVersionIds, with an empty list of labels',
    aws: 'DescribeSecret leaves it out, and ListSecretVersionIds has it, without a list of labels, only for IncludeDeprecated',
    evidence: 'recorded',
    places: {
      [`${secret}/conditional.test.ts`]: {
        'what fails beside the value has not made it current': [`{ [versionId]: ['AWSCURRENT'] }`]
      },
      [`${secrets}/bulk.test.ts`]: {
        'with the same Idempotency-Key and body again ends in the same state, and says the same > also where it changes what is there': ['it does not pass for done']
      },
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > gives those with a label, and the others where asked to': ['t.same(new Map(labelled', `t.notOk('versionStages' in`]
      }
    }
  },
  {
    moto: 'ListSecretVersionIds does not tell the keys of a version',
    aws: 'KmsKeyIds has them, DefaultEncryptionKey for the default one',
    evidence: 'recorded',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > gives those with a label, and the others where asked to': ['t.match(labelled, [']
      }
    }
  },
  {
    moto: 'ListSecretVersionIds takes no notice of MaxResults and NextToken, and gives an empty NextToken',
    aws: 'It gives a page, and the token of the next one',
    evidence: 'documented',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > pages': ['t.equal(json.items.length, 1)', 't.equal(next.json.items.length, 1)']
      },
      'test/src/cli/secrets.test.ts': {
        'create, read, update, list, versions, rollback, tag, delete, restore': [`versions payments/db --env dev')`, `versions payments/db --env dev --json')`]
      }
    }
  },
  {
    moto: 'ListSecretVersionIds of a secret that there is not fails with an internal error',
    aws: 'ResourceNotFoundException',
    evidence: 'documented',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        listVersions: ['/environments/dev/secrets/none/versions']
      }
    }
  },
  {
    moto: 'GetSecretValue by a label that no version has says that it can\'t find the secret',
    aws: 'It says that it can\'t find the value for that staging label',
    evidence: 'recorded',
    places: {
      [`${secret}/index.test.ts`]: {
        'createSecret > without a value is a placeholder, until its first PUT': ['?versionStage=AWSPENDING']
      }
    }
  },
  {
    moto: 'UpdateSecret with an empty KmsKeyId keeps that as the key',
    aws: 'It goes back to the default key, which DescribeSecret leaves out',
    evidence: 'documented',
    places: {
      [`${secret}/index.test.ts`]: {
        'updateSecret > changes the description and the key, without a new version': [`t.notOk('kmsKeyId' in`]
      }
    }
  },
  {
    moto: 'GetSecretValue refuses a secret that is scheduled for deletion in other words, and PutSecretValue, TagResource and the operations on policies take it as any other',
    aws: '"You can\'t perform this operation on the secret because it was marked for deletion."',
    evidence: 'recorded',
    places: {
      [`${secret}/index.test.ts`]: {
        'deleteSecret > schedules the deletion, by default as the environment says': [`send('GET', '/environments/dev/secrets/x'), { status: 409`, `send('PUT', '/environments/dev/secrets/x'`]
      },
      [`${secret}/policy/index.test.ts`]: {
        'what AWS refuses': [`code: 'secret-pending-deletion' } }, method)`]
      },
      [`${secret}/tags/index.test.ts`]: {
        'tagSecret and untagSecret': [`code: 'secret-pending-deletion'`]
      }
    }
  },
  {
    moto: 'CreateSecret by the name of a secret that is scheduled for deletion is refused as by that of any other',
    aws: '"You can\'t create this secret because a secret with this name is already scheduled for deletion."',
    evidence: 'recorded',
    places: {
      [`${secret}/index.test.ts`]: {
        'deleteSecret > schedules the deletion, by default as the environment says': [`send('POST', '/environments/dev/secrets/x'`]
      }
    }
  },
  {
    moto: 'It has no clock that a test could move, and keeps a secret beyond its recovery window',
    aws: 'It deletes the secret when the window ends',
    evidence: 'documented',
    places: {
      [`${secret}/index.test.ts`]: {
        'deleteSecret > schedules the deletion, by default as the environment says': [`'/environments/dev/secrets/x'), { status: 404 })`]
      },
      [`${secret}/restore/index.test.ts`]: {
        restoreSecret: ['not after the recovery window']
      }
    }
  },
  {
    moto: 'DescribeSecret does not tell when a value was read',
    aws: 'LastAccessedDate is the day of the last read',
    evidence: 'recorded',
    places: {
      [`${secret}/metadata/index.test.ts`]: {
        'describeSecret > gives everything but the value': ['json.lastAccessedDate']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage without RemoveFromVersionId puts a label on a second version, and on the same one twice',
    aws: 'A label that is on another version is moved only where RemoveFromVersionId names that one',
    evidence: 'documented',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > a label of one\'s own is put on a version, moved and taken off': ['not without saying from where', `['AWSCURRENT', 'blue']`, '?versionStage=blue'],
        'moveStage and removeStage > AWSCURRENT is moved, AWSPREVIOUS follows, and neither is lost': ['await stages()']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage takes AWSCURRENT off a version and puts it on none',
    aws: '"You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed."',
    evidence: 'observed',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > AWSCURRENT is moved, AWSPREVIOUS follows, and neither is lost': ['/completely removed/']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage to a version that there is not fails with InvalidParameterException',
    aws: 'ResourceNotFoundException',
    evidence: 'assumed',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > of what there is not': ['moveToVersionId: randomUUID()']
      }
    }
  },
  {
    moto: 'TagResource sets tags whose keys begin with aws:',
    aws: '"You can\'t modify system tags."',
    evidence: 'observed',
    places: {
      [`${secret}/tags/index.test.ts`]: {
        'tagSecret and untagSecret': [`'aws:x': 'y'`]
      }
    }
  },
  {
    moto: 'A secret can have any number of tags',
    aws: '50 at most',
    evidence: 'documented',
    places: {
      [`${secret}/tags/index.test.ts`]: {
        'tagSecret and untagSecret': [`'a 51st tag'`]
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets leaves a record of what it has read, also where it then fails or only plans': [
          '{ tagged: /^failed/ }', 't.match(gateway.trail().slice(-3), ['
        ]
      }
    }
  },
  {
    moto: 'PutResourcePolicy keeps whatever text it gets, and takes no notice of BlockPublicPolicy',
    aws: '"This policy has invalid syntax.", and PublicPolicyException',
    evidence: 'observed',
    places: {
      [`${secret}/policy/index.test.ts`]: {
        'what AWS refuses': ['This policy has invalid syntax.', `readBy('*') }), refused`, 'nothing is attached']
      }
    }
  },
  {
    moto: 'It has no ValidateResourcePolicy',
    aws: 'It says what is wrong with a policy',
    evidence: 'documented',
    places: {
      [`${secret}/policy/validate/index.test.ts`]: {
        validatePolicy: [
          `await validate(allow({ AWS: 'arn:aws:iam::222222222222:root' }))`, `await validate(allow('*'))`, `await validate({ Version: '2012-10-17' })`,
          '/environments/dev/secrets/none/policy/validate'
        ]
      }
    }
  },
  {
    moto: 'It has no StopReplicationToReplica',
    aws: 'It makes a secret of its own of a replica',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/promote/index.test.ts`]: {
        promoteReplica: [
          `{ name: 'payments/db', arn: /:eu-central-1:/ }`, 'it can be written to', 'it is no replica any more',
          '/environments/dev/secrets/none/replicas/promote'
        ]
      }
    }
  },
  {
    moto: 'ReplicateSecretToRegions answers with the name that was sent in the place of the ARN',
    aws: 'ARN is that of the secret',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        'replicateSecret, removeReplicas': [`t.match(await replicate({ region: 'eu-central-1' }`]
      }
    }
  },
  {
    moto: 'DescribeSecret does not tell PrimaryRegion of the primary',
    aws: 'PrimaryRegion is the region that the secret is in',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        'replicateSecret, removeReplicas': ['/metadata`)).json, {']
      }
    }
  },
  {
    moto: 'ReplicateSecretToRegions to a region that there is not fails with an internal error',
    aws: 'InvalidParameterException',
    evidence: 'assumed',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        'what is refused': [`'eu-nowhere-9'`]
      }
    }
  },
  {
    moto: 'RotateSecret without a function makes an empty version current; with one it runs a Lambda function of moto\'s own, which needs Docker, and otherwise fails with ResourceNotFoundException',
    aws: 'A secret without a function is refused; with one AWS calls it, and another answer than that of the four steps leaves AWSCURRENT where it was',
    evidence: 'recorded',
    places: {
      [`${secret}/rotation/index.test.ts`]: {
        'setRotation rotates at once, and then as the schedule says': ['t.match(set,', 'await gateway.rotateDue()'],
        'setRotation with rotateImmediately: false only tests the function': ['rotateImmediately: false', 'await gateway.rotateDue()'],
        'rotateSecret rotates by what is set': ['/No Lambda rotation function/', 'await gateway.rotateDue()'],
        'cancelRotation leaves set what was set': ['await gateway.rotateDue()'],
        'a rotation that is under way': ['await gateway.rotateDue()'],
        'what is refused': [`lambda('unknown')`]
      },
      'test/plugins/audit.test.ts': {
        'what each operation leaves': ['await gateway.rotateDue()']
      },
      'test/src/cli/secrets.test.ts': {
        'a rotation': [`'/environments/dev/secrets/a/rotation'`, 'await gateway.rotateDue()']
      }
    }
  },
  {
    moto: 'RotateSecret keeps the rules and the ARN of the function also where it fails, and looks at no ScheduleExpression',
    aws: 'It refuses a schedule beside a number of days, and one of less than four hours; nothing is kept',
    evidence: 'recorded',
    places: {
      [`${secret}/rotation/index.test.ts`]: {
        'what is refused': [`'rate(10 days)'`, `'rate(1 hour)'`, 'json.rotation, undefined']
      }
    }
  },
  {
    moto: 'ListSecrets gives secrets in the order in which they were made, whatever SortBy and SortOrder say',
    aws: 'It sorts by name or by a date, in either order',
    evidence: 'documented',
    places: {
      [`${secrets}/index.test.ts`]: {
        'listSecrets > sorts and pages': [`names('?sort=name')`, `names('?sort=-name')`, `names('?sort=-createdDate')`, 't.same(found,']
      }
    }
  },
  {
    moto: 'ListSecrets fails with an internal error for a NextToken that is none',
    aws: 'InvalidNextTokenException',
    evidence: 'documented',
    places: {
      [`${secrets}/index.test.ts`]: {
        'listSecrets > sorts and pages': ['?cursor=nonsense']
      }
    }
  },
  {
    moto: 'A filter on the description finds no secret that has none, nor where what is looked for is that it does not match',
    aws: 'A secret without a description matches whatever begins with an exclamation mark',
    evidence: 'assumed',
    places: {
      [`${secrets}/index.test.ts`]: {
        'listSecrets > filters as AWS does, inside the environment': ['description=!the']
      }
    }
  },
  {
    moto: 'BatchGetSecretValue fails as a whole where one of the secrets has no value',
    aws: 'It gives the others, and tells of that one under Errors',
    evidence: 'documented',
    places: {
      'test/routes/environments/_env/values/index.test.ts': {
        'readSecrets > one that has no value does not keep the others back': [`await read({ names: ['many/7', 'empty'`],
        readSecrets: [`await read({ names: ['many/7', 'empty'`]
      },
      'test/plugins/audit.test.ts': {
        'a request on many secrets leaves a record of each': ['t.match(read, [', `name), ['a'])`]
      },
      'test/src/cli/many.test.ts': {
        'export: every format survives a round trip': ['stderr: message }, args.join']
      }
    }
  },
  {
    moto: 'CreateSecret and UpdateSecret take any KmsKeyId',
    aws: 'One that there is not is refused',
    evidence: 'assumed',
    places: {
      [`${secrets}/atomic.test.ts`]: {
        'takes back exactly what it made, wherever it fails': [
          `{ status: 409, json: { code: 'not-all-done', dryRun: false`, `name)], 'failed: aws-refused'`, 't.same(counts,',
          'sum(counts.rolledBack, counts.notStarted)', 'position ${position}, ${concurrency} at once', 't.match(done,'
        ],
        'with an Idempotency-Key again, is done once, and what an earlier run has made is not taken back': [
          'failing.status, 409', `c: 'failed: aws-refused' })`, '/b`)).status, 404'
        ],
        'says of what can not be taken back that it is still there': ['t.same(results(reply), {', 't.same(results(raced), {', 't.same(results(gone), {', 't.match(unreachable.json.items[0],', 't.same(results(beside), {', '/shared/metadata', `json.value, 'v')`],
        'what it made is deleted in its other regions too, and also in a protected environment': [`{ a: 'rolled-back', b:`, 'await state(gateway), [])', 'listSecrets({})).SecretList, [])'],
        'a version that was taken back does not pass for written when the request comes again': [`{ twice: 'rolled-back', last:`, `'failed: idempotency-key-spent'`, `json.value, 'v2'`]
      },
      'test/src/cli/many.test.ts': {
        'apply: shows the plan, then applies it; a second run changes nothing': ['the line of the progress bar is ended']
      }
    }
  },
  {
    moto: 'CreateSecret with the token and the value of the version that there is fails with ResourceExistsException once there are other versions',
    aws: 'It is repeated, and changes nothing',
    evidence: 'assumed',
    places: {
      [`${secrets}/bulk.test.ts`]: {
        'with the same Idempotency-Key and body again ends in the same state, and says the same > with another body is refused': ['the order of members is no difference']
      }
    }
  },
  {
    moto: 'No policy is looked at: not that of a secret, nor of a caller, nor whom a role trusts, and no token of an identity provider',
    aws: 'What none allows is refused',
    evidence: 'documented',
    places: {
      'test/routes/consistency/index.test.ts': {
        'compareEnvironments says why a value could not be compared': [`code: 'aws-access-denied'`, 't.notOk(rows.a?.prod?.group)']
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets writes where the value that is there can\'t be read': [`names: ['a'], onConflict: 'update' })), { a: 'updated' }`]
      },
      'test/routes/credentials/_id/verify/index.test.ts': {
        'one that can\'t be used: why is in the log and the trail': [`code: 'credential-invalid' } }, id)`, 'gateway.trail().at(-1)', 'includes(reason)']
      },
      'test/src/aws/sessions.test.ts': {
        'a role that does not trust the gateway is refused, and who asks is not told what AWS said': [
          `code: 'credential-invalid' } }, id)`, 'is not authorized to perform', `countOf(gateway, 'ListSecrets'), 0`
        ],
        'a session that can\'t be begun is not tried again by each who waits for it': ['await ask()', `countOf(gateway, 'AssumeRole'), 2`],
        'a workload\'s token is read anew for each session, and the session\'s name tells who asks': [
          `await list(), 502)`, `t.same(signersOf(gateway), ['ListSecrets`, 'the token has ended'
        ]
      }
    }
  },
  {
    moto: 'Sessions of roles end by moto\'s clock, which a test can\'t move',
    aws: 'They end when it said that they would',
    evidence: 'documented',
    places: {
      'test/src/aws/sessions.test.ts': {
        'a session is begun once for a hundred requests, and for a hundred more when it is about to end': ['nor does one that has ended cost a caller anything']
      }
    }
  },
  {
    moto: 'A request ID is no UUID',
    aws: 'It is one',
    evidence: 'recorded',
    places: {
      'test/plugins/audit.test.ts': {
        'a request that is allowed leaves a record before AWS is asked, and one of its outcome': [`t.match(outcome, { event: 'outcome'`]
      }
    }
  }
]
