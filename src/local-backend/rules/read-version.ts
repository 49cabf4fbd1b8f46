import { type SecretValueEntry } from '@aws-sdk/client-secrets-manager'
import { type OperationContext } from './context.ts'
import { errors } from '../protocol/errors.ts'
import { seconds, type WireForm } from '../protocol/wire-form.ts'
import { markSecretAccessed, type Secret } from '../store/secrets.ts'
import { current, labelsOf, versionWithLabel } from '../store/staging-labels.ts'
import { findVersion, markVersionAccessed, readValue, type Version } from '../store/versions.ts'
import { type Store } from '../store/store.ts'
import { valueOut } from './secret-value.ts'

/** Which version of a secret is meant; without either member, the one labelled AWSCURRENT. */
export interface VersionChoice {
  VersionId?: string
  VersionStage?: string
}

const millisecondsInDay = 86_400_000

/** Reads a secret's value, and notes the day on the secret and the version. */
export function readVersion (
  { store, now }: OperationContext, secret: Secret, choice: VersionChoice
): WireForm<SecretValueEntry> {
  const version = chooseVersion(store, secret, choice)
  const value = readValue(store, secret, version)
  const day = now - now % millisecondsInDay
  markSecretAccessed(store, secret, day)
  markVersionAccessed(store, version, day)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    ...valueOut(value),
    VersionStages: labelsOf(store, secret, version.versionId),
    CreatedDate: seconds(version.createdAt)
  }
}

function chooseVersion (store: Store, secret: Secret, { VersionId, VersionStage }: VersionChoice): Version {
  const stage = VersionStage ?? current
  const versionId = VersionId ?? versionWithLabel(store, secret, stage)
  const version = versionId === undefined ? undefined : findVersion(store, secret, versionId)
  if (version === undefined) throw VersionId === undefined ? errors.labelNotFound(stage) : errors.versionNotFound(VersionId)
  if (VersionStage !== undefined && versionWithLabel(store, secret, VersionStage) !== versionId) throw errors.labelNotOnVersion()
  return version
}
