/** A difference between moto and AWS. */
export interface Difference {
  moto: string
  aws: string
  /**
   * The evidence for AWS's behaviour: a recorded response from AWS, a response that others observed and reported, AWS's
   * documentation, or an assumption based on similar operations.
   */
  evidence: 'recorded' | 'observed' | 'documented' | 'assumed'
  /** The assertions that fail because of the difference, by file and test. Each assertion is identified by a part of its line. */
  places: Record<string, Record<string, string[]>>
}

const secrets = 'test/routes/environments/_env/secrets'
const secret = `${secrets}/_name`

/** The differences between moto 5.2.5 and AWS that tests of the gateway depend on. */
export const differences: Difference[] = [
  {
    moto: 'UpdateSecretVersionStage moves the label AWSCURRENT, but GetSecretValue and PutSecretValue still use the old version as the current one',
    aws: 'The current version is the one with the label AWSCURRENT',
    evidence: 'recorded',
    places: {
      [`${secret}/conditional.test.ts`]: {
        'If-Match with a version writes only if that version is still current': [`{ value: 'v2', versionId: second.json.versionId }`],
        'a move succeeds even if its reply was lost and the SDK retries it': [`json.value, 'v2'`],
        '50 writers race for one secret: each round exactly one wins, and no update is lost': [`send('GET', path)).json.versionId, versionId)`]
      },
      [`${secret}/rollback/index.test.ts`]: {
        rollBackSecret: [`await value(), 'v2'`, 'it can restore a version without a label']
      },
      [`${secret}/unusual-names.test.ts`]: {
        'a secret with an exclamation mark in its name is not created, but can be promoted to an existing secret': ['t.equal(SecretString,']
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets returns a result for each secret > for existing secrets, as onConflict specifies': [
          `await read(gateway, 'prod', 'there'), 'new'`, `{ there: 'unchanged', good: 'unchanged' }`
        ],
        'promoteSecrets replaces only the expected version': [`await read(gateway, 'prod', 'a'), 'new'`, 'update({ b: newer })'],
        'promoteSecrets requires PromoteSecret in both environments > callers without CompareValues do not learn whether the value was the same': ['json.versionId, before)']
      },
      [`${secrets}/atomic.test.ts`]: {
        'a call whose reply was lost is rolled back even if AWS refuses its repetition for another reason': ['await state(gateway), before, operation'],
        'a call whose reply was lost is rolled back if AWS carried it out': [`'failed: aws-timeout' })`, 'carried out`)']
      },
      'test/src/cli/many.test.ts': {
        'diff and promote align three environments in two accounts': ['agree in 3 names']
      },
      [`${secret}/value/index.test.ts`]: {
        'patchValue > changes, adds and removes single keys, and keeps every digit of the others': ['await value()', 'no label is left behind'],
        'patchValue > changes an object that is stored as bytes, and stores it as bytes again': [
          '{ a: 1 })).status, 200', 'Buffer.from(value,', 'json: { unchanged: true } })'
        ],
        'patchValue > concurrent patches are all applied': ['kept.length, 8'],
        'patchValue > with If-Match, patches only that version': [`await patch(gateway, { a: 2 }, { 'if-match'`, 'await value()']
      },
      'test/src/cli/secrets.test.ts': {
        'create, read, update, list, versions, rollback, tag, delete, restore': [`'a\\nb\\n')`]
      }
    }
  },
  {
    moto: 'DescribeSecret and ListSecretVersionIds return a version that has lost its last label, with an empty list of labels',
    aws: 'DescribeSecret omits it, and ListSecretVersionIds returns it only with IncludeDeprecated, without a list of labels',
    evidence: 'recorded',
    places: {
      [`${secret}/conditional.test.ts`]: {
        'if a write fails after storing the value, the value is not current': [`{ [versionId]: ['AWSCURRENT'] }`]
      },
      [`${secrets}/bulk-create.test.ts`]: {
        'a retry with the same Idempotency-Key and body ends in the same state, with the same reply > even if it changes existing secrets': ['it is not reported as done']
      },
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > returns the versions with a label, and the others on request': ['t.same(new Map(labelled', `t.notOk('versionStages' in`]
      }
    }
  },
  {
    moto: 'ListSecretVersionIds does not return the KMS keys of a version',
    aws: 'KmsKeyIds contains them, and DefaultEncryptionKey for the default key',
    evidence: 'recorded',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > returns the versions with a label, and the others on request': ['t.match(labelled, [']
      }
    }
  },
  {
    moto: 'ListSecretVersionIds ignores MaxResults and NextToken, and returns an empty NextToken',
    aws: 'It returns a page, and the token of the next one',
    evidence: 'documented',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        'listVersions > pages': ['t.equal(json.items.length, 1)', 't.equal(next.json.items.length, 1)']
      }
    }
  },
  {
    moto: 'ListSecretVersionIds fails with an internal error if the secret does not exist',
    aws: 'ResourceNotFoundException',
    evidence: 'documented',
    places: {
      [`${secret}/versions/index.test.ts`]: {
        listVersions: ['/environments/dev/secrets/none/versions']
      }
    }
  },
  {
    moto: 'If no version has the label, the message of GetSecretValue is that it can\'t find the secret',
    aws: 'The message is that it can\'t find the value for that staging label',
    evidence: 'recorded',
    places: {
      [`${secret}/create.test.ts`]: {
        'createSecret > creates a placeholder without a value, until the first PUT': ['?versionStage=AWSPENDING']
      }
    }
  },
  {
    moto: 'UpdateSecret stores an empty KmsKeyId as the key',
    aws: 'It switches back to the default key, which DescribeSecret omits',
    evidence: 'documented',
    places: {
      [`${secret}/update.test.ts`]: {
        'updateSecret > changes the description and the key, without a new version': [`t.notOk('kmsKeyId' in`]
      }
    }
  },
  {
    moto: 'GetSecretValue refuses a secret that is scheduled for deletion with another message; PutSecretValue, TagResource and the operations on policies accept it',
    aws: '"You can\'t perform this operation on the secret because it was marked for deletion."',
    evidence: 'recorded',
    places: {
      [`${secret}/delete.test.ts`]: {
        'deleteSecret > schedules the deletion, by default with the environment\'s recovery window': [`send('GET', '/environments/dev/secrets/x'), { status: 409`, `send('PUT', '/environments/dev/secrets/x'`]
      },
      [`${secret}/policy/index.test.ts`]: {
        'refusals by AWS': [`code: 'secret-pending-deletion' } }, method)`]
      },
      [`${secret}/tags/index.test.ts`]: {
        'tagSecret and untagSecret': [`code: 'secret-pending-deletion'`]
      },
      [`${secret}/waiting.test.ts`]: {
        'if the secret is deleted in the meantime, the reply is 409': [`code: 'secret-pending-deletion'`]
      }
    }
  },
  {
    moto: 'CreateSecret with the name of a secret that is scheduled for deletion has the same message as for any existing secret',
    aws: '"You can\'t create this secret because a secret with this name is already scheduled for deletion."',
    evidence: 'recorded',
    places: {
      [`${secret}/delete.test.ts`]: {
        'deleteSecret > schedules the deletion, by default with the environment\'s recovery window': [`send('POST', '/environments/dev/secrets/x'`]
      }
    }
  },
  {
    moto: 'Moto has no clock that a test could move, and keeps a secret beyond its recovery window',
    aws: 'It deletes the secret when the window ends',
    evidence: 'documented',
    places: {
      [`${secret}/delete.test.ts`]: {
        'deleteSecret > schedules the deletion, by default with the environment\'s recovery window': [`'/environments/dev/secrets/x'), { status: 404 })`]
      },
      [`${secret}/restore/index.test.ts`]: {
        restoreSecret: ['not after the recovery window']
      }
    }
  },
  {
    moto: 'DescribeSecret does not return the date when the value was last read',
    aws: 'LastAccessedDate is the day of the last access',
    evidence: 'recorded',
    places: {
      [`${secret}/metadata/index.test.ts`]: {
        'describeSecret > returns everything but the value': ['json.lastAccessedDate']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage without RemoveFromVersionId attaches a label to a second version, or to the same one twice',
    aws: 'A label of another version is moved only if RemoveFromVersionId names that version',
    evidence: 'documented',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > a custom label is attached to a version, moved and removed': ['a label is not moved unless its version is named', `['AWSCURRENT', 'blue']`, '?versionStage=blue'],
        'moveStage and removeStage > AWSCURRENT is moved, AWSPREVIOUS follows, and neither is lost': ['await stages()']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage removes AWSCURRENT from a version without attaching it to another',
    aws: '"You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed."',
    evidence: 'observed',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > AWSCURRENT is moved, AWSPREVIOUS follows, and neither is lost': ['/completely removed/']
      }
    }
  },
  {
    moto: 'UpdateSecretVersionStage fails with InvalidParameterException if the version does not exist',
    aws: 'ResourceNotFoundException',
    evidence: 'assumed',
    places: {
      [`${secret}/stages/_stage/index.test.ts`]: {
        'moveStage and removeStage > a missing secret, version or label': ['moveToVersionId: randomUUID()']
      }
    }
  },
  {
    moto: 'TagResource accepts tags whose keys begin with aws:',
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
    aws: 'At most 50',
    evidence: 'documented',
    places: {
      [`${secret}/tags/index.test.ts`]: {
        'tagSecret and untagSecret': [`'a 51st tag'`]
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets records what it read, even if it then fails or is a dry run': [
          '{ tagged: /^failed/ }', 't.match(gateway.trail().slice(-3), ['
        ]
      }
    }
  },
  {
    moto: 'PutResourcePolicy stores any text, and ignores BlockPublicPolicy',
    aws: '"This policy has invalid syntax.", and PublicPolicyException',
    evidence: 'observed',
    places: {
      [`${secret}/policy/index.test.ts`]: {
        'refusals by AWS': ['This policy has invalid syntax.', `readBy('*') }), refused`, 'nothing is attached']
      }
    }
  },
  {
    moto: 'ValidateResourcePolicy is not implemented',
    aws: 'It returns the errors of a policy',
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
    moto: 'StopReplicationToReplica is not implemented',
    aws: 'It makes a replica an independent secret',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/promote/index.test.ts`]: {
        promoteReplica: [
          `{ name: 'payments/db', arn: /:eu-central-1:/ }`, 'the promoted replica can be written', 'it is no longer a replica'
        ],
        'a promoted replica does not get the settings of its environment, and the reply warns about that': ['t.match(']
      }
    }
  },
  {
    moto: 'ReplicateSecretToRegions returns the name in the request as the ARN',
    aws: 'It returns the secret\'s ARN',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        'replicateSecret, removeReplicas': [`t.match(await replicate({ region: 'eu-central-1' }`]
      }
    }
  },
  {
    moto: 'DescribeSecret does not return PrimaryRegion for the primary',
    aws: 'PrimaryRegion is the secret\'s own region',
    evidence: 'documented',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        'replicateSecret, removeReplicas': ['/metadata`)).json, {']
      }
    }
  },
  {
    moto: 'ReplicateSecretToRegions fails with an internal error if the region does not exist',
    aws: 'InvalidParameterException',
    evidence: 'assumed',
    places: {
      [`${secret}/replicas/index.test.ts`]: {
        refusals: [`'eu-nowhere-9'`]
      }
    }
  },
  {
    moto: 'RotateSecret without a function makes an empty version current; with a function, it runs one of moto\'s own Lambda functions, which requires Docker, or fails with ResourceNotFoundException',
    aws: 'A secret without a function is refused; a function is called for each of the four steps, and AWSCURRENT stays in place unless all succeed',
    evidence: 'recorded',
    places: {
      [`${secret}/waiting.test.ts`]: {
        'a rotation ends the wait': ['await gateway.rotateDue()']
      },
      [`${secret}/rotation/index.test.ts`]: {
        'setRotation rotates immediately, and then on schedule': ['t.match(set,', 'await gateway.rotateDue()'],
        'setRotation with rotateImmediately: false only tests the function': ['rotateImmediately: false', 'await gateway.rotateDue()'],
        'rotateSecret rotates with the existing settings': ['/No Lambda rotation function/', 'await gateway.rotateDue()'],
        'cancelRotation keeps the settings': ['await gateway.rotateDue()'],
        'a rotation in progress': ['await gateway.rotateDue()'],
        'a failed rotation can be ended, so that the secret can be rotated again': ['await gateway.rotateDue()'],
        'choosing the rotation function and starting a rotation require separate permissions': ['[403, 403]'],
        'discardPending requires the permission to move labels': ['await gateway.rotateDue()'],
        'the rotation of a placeholder has a warning, unless the caller may not see the secret': ['[/has no value/]', 'await gateway.rotateDue()'],
        'every route reports a version without a value in the same way': ['await gateway.rotateDue()'],
        'a version without a value ends the last page of a list': ['await gateway.rotateDue()'],
        refusals: [`lambda('unknown')`]
      },
      'test/src/cli/secrets.test.ts': {
        'create, read, update, list, versions, rollback, tag, delete, restore': ['no rotation is set up'],
        'a rotation': [`'/environments/dev/secrets/a/rotation'`, 'await gateway.rotateDue()']
      }
    }
  },
  {
    moto: 'RotateSecret stores the rules and the function\'s ARN even if it fails, and does not check ScheduleExpression',
    aws: 'It refuses a schedule together with a number of days, and one of less than four hours, and stores nothing',
    evidence: 'recorded',
    places: {
      [`${secret}/rotation/index.test.ts`]: {
        refusals: [`'rate(10 days)'`, `'rate(1 hour)'`, 'json.rotation, undefined']
      }
    }
  },
  {
    moto: 'ListSecrets returns secrets in the order of their creation, and ignores SortBy and SortOrder',
    aws: 'It sorts by name or by a date, ascending or descending',
    evidence: 'documented',
    places: {
      [`${secrets}/list.test.ts`]: {
        'listSecrets: hidden secrets change neither a page nor the presence or the length of its cursor': [
          `t.match(withoutHidden['&sort=name&limit=2'], [`, 'a page counts up to the next one'
        ],
        'listSecrets > sorts and pages': [`names('?sort=name')`, `names('?sort=-name')`, `names('?sort=-createdDate')`, 't.same(found,']
      },
      'test/src/cli/odd-input.test.ts': {
        'list: pages of a real gateway': ['secretNames)']
      },
      'test/src/cli/secrets.test.ts': {
        'create, read, update, list, versions, rollback, tag, delete, restore': [`'list --env dev'), {`]
      }
    }
  },
  {
    moto: 'A filter on the description never matches a secret without a description, not even if it is negated',
    aws: 'A secret without a description matches every negated filter',
    evidence: 'assumed',
    places: {
      [`${secrets}/list.test.ts`]: {
        'listSecrets > filters as AWS does, inside the environment': ['description=!the']
      }
    }
  },
  {
    moto: 'BatchGetSecretValue fails as a whole if one of the secrets has no value',
    aws: 'It returns the others, and reports that one in Errors',
    evidence: 'documented',
    places: {
      'test/routes/environments/_env/values/index.test.ts': {
        'readSecrets > a secret without a value does not affect the others': [`await read({ names: ['many/7', 'empty'`],
        readSecrets: [`await read({ names: ['many/7', 'empty'`]
      },
      'test/src/cli/many.test.ts': {
        'export: every format survives a round trip': ['stderr: message }, args.join']
      }
    }
  },
  {
    moto: 'CreateSecret and UpdateSecret accept any KmsKeyId',
    aws: 'A key that does not exist is refused',
    evidence: 'assumed',
    places: {
      [`${secret}/create.test.ts`]: {
        'createSecret > names what IAM denies on a KMS key of another account': [
          `detail('kms:GenerateDataKey or kms:Decrypt') } })`, `detail('kms:GenerateDataKey or kms:Decrypt') } }])`, 'detail: detail('
        ]
      },
      [`${secrets}/atomic.test.ts`]: {
        'rolls back exactly its own changes, wherever it fails': [
          `{ status: 409, json: { code: 'not-all-done', dryRun: false`, `name)], 'failed: aws-refused'`, 't.same(counts,',
          'sum(counts.rolledBack, counts.notStarted)', 'position ${position}, ${concurrency} at once', 't.match(done,'
        ],
        'a retry with an Idempotency-Key has no further effect, and does not roll back an earlier run': [
          'failing.status, 409', `c: 'failed: aws-refused' })`, '/b`)).status, 404'
        ],
        'reports changes that cannot be rolled back': ['t.same(results(reply), {', 't.same(results(raced), {', 't.same(results(gone), {', 't.match(unreachable.json.items[0],', 't.same(results(beside), {', 't.same(results(replicated), {', '/shared/metadata', `json.value, 'v')`],
        'a rollback deletes replicas too, even in a protected environment': [`{ a: 'rolled-back', b:`, 'await state(gateway), [])', 'listSecrets({})).SecretList, [])'],
        'a retry does not count a version that was rolled back as written': [`{ twice: 'rolled-back', last:`, `'failed: idempotency-key-spent'`, `json.value, 'v2'`]
      },
      [`${secret}/restore/index.test.ts`]: {
        'a secret that a bulk create restores gets the settings, too': [
          'secrets: [{ name: \'payments/db\' }, failing]', 'a rollback takes the settings back', `value: 'w' }] }), [{`
        ]
      },
      'test/src/cli/many.test.ts': {
        'apply: shows the plan, then applies it; a second run changes nothing': ['the line of the progress bar is ended']
      }
    }
  },
  {
    moto: 'CreateSecret with the token and the value of an existing version fails with ResourceExistsException if there are other versions',
    aws: 'It succeeds again, and changes nothing',
    evidence: 'assumed',
    places: {
      [`${secrets}/bulk-create.test.ts`]: {
        'a retry with the same Idempotency-Key and body ends in the same state, with the same reply > is refused with another body': ['the order of members does not matter']
      }
    }
  },
  {
    moto: 'No policy is evaluated: neither resource policies, identity policies nor trust policies. Tokens of identity providers are not checked',
    aws: 'A call that no policy allows is refused',
    evidence: 'documented',
    places: {
      'test/routes/consistency/index.test.ts': {
        'compareEnvironments reports why a value could not be compared': [`code: 'aws-access-denied'`, 't.notOk(rows.a?.prod?.group)']
      },
      'test/routes/environments/_env/values/index.test.ts': {
        'the problem of a secret that IAM denies names the missing permission': [
          `[{ secret: { value: 'v' } }, problem(`, `[problem('payments/denied')]`, `problem('denied').problem)`
        ]
      },
      'test/routes/environments/_env/promotions/index.test.ts': {
        'promoteSecrets writes even if the existing value cannot be read': [`names: ['a'], onConflict: 'update' })), { a: 'updated' }`]
      },
      'test/routes/credentials/_id/verify/index.test.ts': {
        'an unusable credential: the reason is in the log and the trail': [`code: 'credential-invalid' } }, id)`, 'gateway.trail().at(-1)', 'includes(reason)']
      },
      'test/src/aws/sessions.test.ts': {
        'if a role does not trust the gateway, the reply does not contain AWS\'s message': [
          `code: 'credential-invalid' } }, id)`, 'is not authorized to perform', `countOf(gateway, 'ListSecrets'), 0`
        ],
        'requests that wait for the same session share its failure instead of each trying again': ['await ask()', `countOf(gateway, 'AssumeRole'), 2`],
        'a workload\'s token is read again for each session, and the session is named after the caller': [
          `await list(), 502)`, `t.same(signersOf(gateway), ['ListSecrets`, 'the token has expired'
        ]
      }
    }
  }
]
